"""Bird names for pseudonyms. Append only: a change would rename accounts in cases that exist."""

from typing import Final

_NAMES: Final = """
albatross avocet babbler barbet bateleur becard bittern blackbird bluebird bluethroat bobolink booby
brambling brent bulbul bullfinch bunting bustard buzzard canary capercaillie caracara cardinal
cassowary chaffinch chickadee chiffchaff chough cisticola cockatoo condor coot cormorant corncrake
cotinga courser cowbird crake crane creeper crossbill crow cuckoo curassow curlew dabchick dipper
diver dotterel dove dowitcher drongo duck dunlin dunnock eagle egret eider elaenia emu euphonia
falcon fantail fieldfare finch firecrest flamingo flicker flycatcher francolin frigatebird fulmar
gadwall gallinule gannet garganey godwit goldcrest goldeneye goldfinch goosander goose goshawk
grackle grebe greenfinch greenshank grosbeak grouse guan guillemot gull harrier hawfinch hawk heron
hobby honeyeater hoopoe hornbill hummingbird ibis jacana jackdaw jaeger jay junco kagu kea kestrel
killdeer kingbird kingfisher kinglet kite kittiwake kiwi knot kookaburra lapwing lark limpkin linnet
loon lorikeet lyrebird macaw magpie mallard manakin martin meadowlark merganser merlin minivet
mockingbird moorhen motmot mousebird murre mynah nighthawk nightingale nightjar noddy nunbird
nuthatch oriole osprey ostrich ouzel ovenbird owl owlet oxpecker oystercatcher parakeet parrot
parrotlet partridge parula peafowl pelican penguin petrel pewee phalarope pheasant phoebe pigeon
pintail pipit pitta plover pochard pratincole prinia ptarmigan puffin quail quetzal rail raven
razorbill redpoll redshank redstart redwing rhea roadrunner robin roller rook rosefinch ruff
sanderling sandgrouse sandpiper sapsucker scaup scoter screamer secretary seedeater seriema serin
shag shearwater shelduck shoebill shoveler shrike siskin skimmer skua smew snipe sora sparrow
spoonbill starling stilt stint stonechat stork sunbird swallow swan swift tanager tapaculo teal tern
thornbill thrasher thrush tinamou tit tody toucan towhee treecreeper trogon tropicbird trumpeter
turaco turnstone twite veery verdin vireo vulture wagtail warbler waxbill waxwing weaver wheatear
whimbrel whinchat whistler wigeon willet woodcock woodpecker wren wryneck yellowhammer
"""

BIRDS: Final = tuple(_NAMES.split())
