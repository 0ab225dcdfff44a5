"""The words of claims in five languages, by what they mean: data, and how phrases are written.

A phrase is written as it is spelled and is folded on loading; a word that ends in * stands for all
words that begin so. Articles, accents and the small words that Arabic writes onto others are dealt
with by `tokens`. Numerals stand in `number_words`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

from birdfall.claims.parse import number_words
from birdfall.claims.parse.number_words import numerals
from birdfall.claims.parse.tokens import fold, fold_words

Phrase = tuple[str, ...]


def phrases(*texts: str) -> tuple[Phrase, ...]:
    """Phrases separated by commas, folded, the longest first.

    Examples
    --------
    >>> phrases("no more than, más")
    (('no', 'more', 'than'), ('mas',))
    """
    found = {
        tuple(fold(word) for word in phrase.split())
        for text in texts
        for phrase in text.split(",")
        if phrase.strip()
    }
    return tuple(sorted(found, key=lambda p: (-len(p), p)))


class Tag(Enum):
    """What a word or phrase of a claim can mean."""

    # What happened
    FALLEN = auto()  # suspended, deleted, gone
    RESTORED = auto()  # back, reinstated
    LOST = auto()  # a follower count went down
    GAINED = auto()  # a follower count went up
    MISSING = auto()  # suspended and not restored
    STILL = auto()  # before a suspension: it lasts
    # Who
    ACCOUNT = auto()
    FOLLOWER = auto()
    OTHER_NOUN = auto()  # things that are counted but are no accounts
    GROUP = auto()  # groups that a record does not know by itself
    POSSESSIVE = auto()  # her, his: of the account in question
    SOURCE = auto()  # before a handle: it is who says so
    SAYS = auto()  # after a handle: it is who says so
    THEM = auto()
    ANYONE = auto()
    RELATIVE = auto()  # between a noun and its group
    # Joints
    NONE = auto()
    HARDLY_ANY = auto()
    NOT = auto()
    ALL = auto()
    BUT = auto()
    FROM = auto()
    TO = auto()
    BETWEEN = auto()
    IN_TIME = auto()  # a time or an agent follows, no noun
    # How strictly a number is meant, said before it
    AT_LEAST = auto()
    MORE_THAN = auto()
    AT_MOST = auto()
    ALMOST = auto()
    ABOUT = auto()
    EXACTLY = auto()
    CERCA_DE = auto()  # nearly in Spanish, about in Portuguese
    # How strictly a number is meant, said after it
    AT_LEAST_AFTER = auto()
    AT_MOST_AFTER = auto()
    ABOUT_AFTER = auto()
    EXACTLY_AFTER = auto()
    # Shares and comparisons
    PERCENT = auto()
    OUT_OF = auto()  # between part and whole: 3 out of 4
    TWO_THIRDS = auto()
    THREE_QUARTERS = auto()
    HALF = auto()
    THIRD = auto()
    QUARTER = auto()
    FIFTH = auto()
    TENTH = auto()
    MOST = auto()  # more than half
    DOUBLE = auto()
    TRIPLE = auto()
    TIMES = auto()  # after a number: so many times
    COMPARED = auto()  # after TIMES: a comparison
    USUAL = auto()  # what is compared with is the base rate
    # Levels of one account's followers
    HAD = auto()
    HAS = auto()
    LEFT_WITH = auto()
    NOW = auto()
    MOVED = auto()  # a count went from one level to another
    ROSE = auto()
    LATER = auto()
    BEFOREHAND = auto()
    # Times
    WITHIN = auto()  # before a length of time: a window
    PER = auto()  # before a length of time: a rate
    AGO_BEFORE = auto()
    AGO_AFTER = auto()
    OF_AGE = auto()  # after a length of time: an age
    DELAY_BEFORE = auto()
    DELAY_AFTER = auto()
    NEXT_DAY = auto()
    SAME_DAY = auto()
    OVERNIGHT = auto()
    AT_CLOCK = auto()  # before an hour of the day
    # Words by themselves, as they are spelled
    OF = auto()
    ARTICLE = auto()  # articles and what else may stand between a number and its noun
    AUXILIARY = auto()
    DENIAL_FILLER = auto()  # between NOT and what did not happen
    AND = auto()
    JOINER = auto()  # begins a new clause
    ONLY_BUT = auto()  # after a denial: none but so many
    FOLLOWED = auto()  # before a handle: whose followers
    SINGLE = auto()  # after a number: no more than this one
    DEFINITE = auto()  # before a fraction with an event: la mitad
    SUPERLATIVE = auto()  # before MOST: at most, not most of
    FURTHER = auto()  # after a number: of the same
    SOMEONE = auto()  # before personne: a person, not nobody
    AGENT = auto()  # a source only where more is said
    TO_SOURCE = auto()  # between a source and its handle
    CALENDAR = auto()  # after a lone back: back in 2013
    # Times, words by themselves
    TIME_FILLER = auto()  # between WITHIN and a length of time
    ONE = auto()
    SINGLE_UNIT = auto()  # between a number and a unit of time
    PART_LINK = auto()  # half an hour, quart d'heure
    QUARTERS = auto()
    DATE_LINK = auto()  # between a day and its month
    AT_EACH = auto()  # al día
    MONTH = auto()
    MAY_VERB = auto()  # after may: no month
    ORDINAL = auto()  # written onto a number
    BEFORE_DAY = auto()
    BEFORE_YEAR = auto()
    NUMBERED = auto()  # before a number that names something
    OCLOCK = auto()
    CURRENCY = auto()
    FEW = auto()
    HALF_UNIT = auto()  # half an hour
    UNIT_AFTER_NUMBER = auto()  # a unit of time only after a number: "an" is an article
    PLURAL_UNIT = auto()


#: Phrases by tag. In Arabic a word matches with and without the small words written onto it.
PHRASES: Final[Mapping[Tag, tuple[Phrase, ...]]] = {
    Tag.FALLEN: phrases(
        "suspend*, suspens*, banned, ban, bans, delet*, remov*, closed, closure, closures, "
        "closing, shut, shut down, taken down, took down, takedown*, taken offline, terminat*, "
        "vanish*, disappear*, fell, fall, falls, fallen, falling, wiped, wiped out, purge*, "
        "purging, eliminat*, blocked, deactivat*, disabled, erased, gone, went down, went dark, "
        "culled, kicked, axed, canceled, cancelled, lost their accounts, lost their account",
        "cerró, cerraron, cerrad*, cierre, cierres, cayó, cayeron, caen, caía*, caíd*, caer, "
        "caído, desapar*, elimin*, borr*, bloquead*, bloqueó, bloquearon, bloqueo, dado de baja, "
        "dada de baja, dados de baja, dadas de baja, dieron de baja, tumb*, banead*, esfum*, "
        "cancelad*, cancelaron, expulsad*, inhabilit*, desactiv*, purg*, retirad*, quitad*, "
        "se fueron, perdieron sus cuentas",
        "ferm*, supprim*, disparu*, disparaî*, disparait, disparaissent, tomb*, bloqué*, banni*, "
        "effac*, élimin*, désactiv*, volatilis*, radié*, clôtur*, évapor*, sauté, suppression*",
        "caíram, caiu, cai, caem, cair, caindo, excluíd*, excluir*, excluiu, excluem, sumiu, "
        "sumiram, sumir, sumid*, sumindo, somem, desaparec*, apag*, derrub*, banid*, bani*, "
        "encerrad*, encerr*, fechad*, fechou, fecharam, desativ*, tirad* do ar",
        "علق, علقت, علقوا, تعلق, يعلق, تعليق*, معلق*, اغلق*, اغلاق*, مغلق*, تغلق, يغلق, حذف*, "
        "يحذف, تحذف, محذوف*, سقط*, سقوط, تسقط, يسقط, اختف*, تختف*, ايقاف*, اوقف*, توقيف, موقوف*, "
        "توقف*, حظر*, محظور*, ازال*, ازيل*, شطب*, الغا*, الغي*, تعطيل, عطل*, طرد*, تساقط*, وقف",
    ),
    Tag.RESTORED: phrases(
        "restor*, reinstat*, return, returned, returning, returns, came back, come back, "
        "comes back, coming back, were back, was back, are back, is back, back online, got back, "
        "brought back, gone back, went back up, back up, recover*, reactivat*, unsuspend*, "
        "unbanned, unblocked, reappear*, revived, rehabilitat*, got their accounts back, "
        "given back, back",
        "restablec*, restitu*, restaur*, reactiv*, recuper*, volvi*, vuelt*, vuelv*, volver*, "
        "regres*, reaparec*, retorn*, readmit*, devuelt*, devolvi*, rehabilit*, desbloque*, "
        "repuest*",
        "rétabli*, restaur*, réactiv*, revenu*, revenir, revien*, revinrent, retour, retourn*, "
        "récupér*, réappar*, réintégr*, débloqu*, restitu*, rouvert*, remis en ligne, "
        "remises en ligne, retrouv*",
        "restabelec*, reativ*, voltar*, voltou, voltam, voltado, de volta, retorn*, regress*, "
        "reaparec*, devolvid*, devolv*, desbloque*, reintegr*, recuperad*",
        "استعاد*, استعيد*, استرجع*, استرجاع, استرداد, استرد*, اعاد*, اعيد*, يعاد, تعاد, عاد, "
        "عادت, عادوا, تعود, يعود, يعودوا, يعد, تعد, عوده, رجع*, ارجاع, رجوع, يرجع, ترجع, اعاده",
    ),
    Tag.LOST: phrases(
        "lose, loses, lost, losing, loss, losses, fell by, down by, went down by, shed, bled, "
        "fewer followers, followers fewer, dropped, drop, dropping, decline*, decreas*",
        "perdi*, perder, perdía, perdida, pérdida*, pierde*, baj*, descen*, disminu*, "
        "seguidores menos, cuentas menos, menos seguidores",
        "perd*, perte*, baiss*, chut*, diminu*, recul*, de moins, en moins",
        "perde*, perdeu, perderam, perdido, perda*, perdas, baix*, a menos",
        "فقد*, يفقد, تفقد, فقدان, خسر*, يخسر, تخسر, خساره, انخفض*, تراجع*, هبط*",
    ),
    Tag.GAINED: phrases(
        "gain*, new followers, won, ganó, ganaron, gana, ganado, sumó, sumaron, gagn*, ganhou, "
        "ganharam, ganho*, كسب*, اكتسب*, يكسب, تكسب, زاد*, زياده"
    ),
    Tag.MISSING: phrases(
        "still suspended, remain suspended, remained suspended, remains suspended, "
        "still missing, still gone, still down, still banned, remain missing",
        "siguen suspendid*, sigue suspendid*, continúan suspendid*, permanecen suspendid*, "
        "siguen cerrad*, siguen sin volver, siguen sin aparecer, siguen desaparecid*, "
        "aún suspendid*, todavía suspendid*",
        "restent suspendu*, toujours suspendu*, encore suspendu*, sont toujours suspendu*, "
        "demeurent suspendu*, toujours absent*",
        "seguem suspens*, continuam suspens*, permanecem suspens*, ainda suspens*, "
        "ainda estão suspens*, continuam fora",
        "لا تزال معلقه, ما زالت معلقه, لا يزال معلق*, ما زال معلق*, لا تزال موقوفه",
    ),
    Tag.STILL: phrases(
        "still, remain, remains, remained, siguen, sigue, seguían, continúan, continúa, "
        "permanecen, aún, todavía, restent, reste, toujours, demeurent, seguem, segue, "
        "continuam, permanecem, ainda, ما زال*, لا يزال*, لا تزال, لا زال*, ما يزال*, ما تزال, "
        "مازال*"
    ),
    Tag.ACCOUNT: phrases(
        "account, accounts, accts, cuenta, cuentas, compte, comptes, conta, contas, حساب, "
        "حسابات, حسابا, حسابين, حسابان, حسابه, حسابها, حسابهم, حساباتهم, perfil, perfiles, "
        "perfis, profil, profils, profile, profiles, user, users, usuari*, utilisateur*, "
        "utilisatrice*, utilizador*, مستخدم*, people, persons, personas, personnes, pessoas, "
        "اشخاص, شخص, tuiteros, tuiteiros, twitteros, internaut*, handles, usernames"
    ),
    Tag.FOLLOWER: phrases(
        "follower, followers, seguidor, seguidores, seguidora, seguidoras, abonné, abonnés, "
        "abonnée, abonnées, abonne, abonnes, متابع*, fans, suiveurs, audience"
    ),
    Tag.OTHER_NOUN: phrases(
        "tweet, tweets, tuit, tuits, tuítes, post, posts, message, messages, mensaje, mensajes, "
        "mensagem, mensagens, publicac*, publicaç*, publication*, تغريد*, منشور*, رساله, رسائل, "
        "retweet*, retuit*, report, reports, denuncia, denuncias, denúncia*, signalement*, "
        "plainte*, queja*, complaint*, بلاغ*, شكوي, شكاوي, country, countries, país, países, "
        "pays, دوله, دول, hashtag*, like, likes, vote, votes, voto, votos, page, pages, página, "
        "páginas, video, videos, vídeo*, foto*, photo*, article*, artículo*, artigo*, مقال*, "
        "dollar*, dólar*, euro*, bolívar*, دولار, km, kilómet*, kilomet*, degrees, characters, "
        "caracteres, caractères, word, words, palabra*, palavra*, mots, year, years, año, años, "
        "ans, anos, سنه, سنوات, عام, عاما, عامين, hashtags, question*, pregunta*, pergunta*, "
        "reasons, razones, raisons, razões, points, puntos, pontos, time, times, vez, veces, "
        "fois, vezes, مره, مرات, city, cities, ciudad*, cidade*, ville*, wave, waves, ola, olas, "
        "vague, vagues, onda, ondas, موجه, موجات, link, links, enlace*, lien, liens, part, "
        "parts, million de dollars"
    ),
    Tag.GROUP: phrases(
        "opposition, opponents, opponent, opposing, oposición, opositor*, oposit*, oposição, "
        "opposant*, معارض*, معارضه, chavis*, oficialis*, progubern*, pro government, "
        "gubernament*, gouvernement*, governist*, governamenta*, official*, oficial*, officiel*, "
        "رسمي*, journalist*, periodist*, jornalist*, صحفي*, صحافي*, reporters, activist*, "
        "ativist*, militant*, ناشط*, نشط*, bot, bots, robot*, fake, fakes, falsa*, falso*, faux, "
        "fausse*, وهمي*, politici*, polític*, politique*, سياسي*, deput*, diputad*, député*, "
        "lawmaker*, legislador*, نائب, نواب, verified, verificad*, vérifié*, موثق*, women, "
        "mujeres, femmes, mulheres, spam, conservative*, liberal*, conservador*, leftist*, "
        "izquierdist*, government, gobierno, governo, حكوم*, president, presidente, presidenta, "
        "présidente, président, رئيس, الرئيس, minister, ministra, ministro, ministre, وزير*"
    ),
    Tag.POSSESSIVE: phrases(
        "her, his, its, their, my, your, sus, su, mis, ses, son, sa, leurs, leur, mes, seus, "
        "suas, seu, sua, dele, dela"
    ),
    Tag.SOURCE: phrases(
        "according to, says, said, via, rt, by, per, según, dijo, dice, afirma, afirmó, "
        "denunció, vía, selon, d'après, dit, a dit, affirme, segundo, disse, diz, afirmou, por, "
        "وفق, وفقا, حسب, قال, قالت, بحسب, ذكرت, ذكر, اعلن*"
    ),
    Tag.SAYS: phrases(
        "says, said, claims, claimed, dice, dijo, afirma, afirmó, denunció, denuncia, dit, "
        "a dit, affirme, a affirmé, diz, disse, afirmou, قال, قالت, اعلن, اعلنت"
    ),
    Tag.THEM: phrases(
        "them, these, those, ellas, ellos, eux, elles, entre eux, d'entre eux, delas, deles, "
        "elas, eles, منها, منهم, ها"
    ),
    Tag.ANYONE: phrases("احد, anyone, anybody, alguien, quelqu un, alguém, ninguna, ninguno"),
    Tag.RELATIVE: phrases("pro, que, l, la"),
    Tag.NONE: phrases(
        "none, no one, nobody, not one, not a single, not a single one, not a, not any, neither, "
        "ningún, ninguna, ninguno, ningunas, ningunos, nadie, ni una, ni un, ni uno, "
        "ni una sola, ni un solo, ni uno solo, aucun, aucune, personne, pas un, pas une, "
        "pas un seul, pas une seule, nul, nulle, nenhum, nenhuma, ninguém, nem uma, nem um, "
        "nem um só, nem uma só, لا احد, لا حساب, ولا حساب, ولا واحد, ولا واحده"
    ),
    Tag.HARDLY_ANY: phrases(
        "hardly any, barely any, scarcely any, almost no, hardly anyone, virtually no"
    ),
    Tag.NOT: phrases(
        "not, never, n't, wasn't, weren't, didn't, haven't, hasn't, don't, doesn't, isn't, "
        "aren't, no, nunca, jamás, tampoco, pas, jamais, point, não, لم, لا, لن, ليس, ليست, ما, "
        "ولم"
    ),
    Tag.ALL: phrases(
        "all, all of, every, every one of, each of, todos, todas, toda, la totalidad de, tous, "
        "toutes, la totalité, a totalidade, كل, جميع, كافه"
    ),
    Tag.BUT: phrases("but, sino, mais, mas, sinon, senão, بل, pero, rather"),
    Tag.FROM: phrases("from, de, desde, des, du, d, من, depuis"),
    Tag.TO: phrases(
        "to, down to, up to, back to, a, hasta, à, jusqu'à, jusqu a, jusque, au, aux, para, até, "
        "الي, حتي, ل"
    ),
    Tag.BETWEEN: phrases("between, entre, بين"),
    Tag.IN_TIME: phrases(
        "in, within, en, em, dans, pendant, durante, خلال, في, after, después, après, depois, "
        "by, por, par"
    ),
    Tag.AT_LEAST: phrases(
        "at least, no fewer than, no less than, not fewer than, not less than, a minimum of, "
        "minimum, al menos, por lo menos, cuando menos, como mínimo, no menos de, "
        "nada menos que, un mínimo de, au moins, pas moins de, pas moins d, au minimum, "
        "pelo menos, ao menos, no mínimo, não menos de, não menos que, على الأقل, لا يقل عن, "
        "ما لا يقل عن, ليس أقل من, ≥"
    ),
    Tag.MORE_THAN: phrases(
        "more than, over, above, upwards of, well over, in excess of, exceeding, más de, mas de, "
        "por encima de, superior a, superan, superaron, supera, más que, plus de, plus d, "
        "au delà de, supérieur à, dépasse, mais de, mais que, acima de, أكثر من, ما يزيد على, "
        "ما يزيد عن, يزيد عن, يزيد على, فوق, يفوق, ما يفوق"
    ),
    Tag.AT_MOST: phrases(
        "at most, up to, as many as, no more than, not more than, fewer than, less than, under, "
        "below, a maximum of, maximum, not even, a lo sumo, hasta, menos de, no más de, "
        "como máximo, por debajo de, ni siquiera, un máximo de, inferior a, au plus, jusqu'à, "
        "jusqu a, moins de, moins d, pas plus de, pas plus d, au maximum, no máximo, até, "
        "não mais de, não mais que, não mais do que, abaixo de, على الأكثر, أقل من, لا يزيد عن, "
        "لا يزيد على, لا يتجاوز, ما لا يزيد عن, حتى, دون"
    ),
    Tag.ALMOST: phrases(
        "almost, nearly, close to, just under, just short of, approaching, nigh on, casi, "
        "cerca de, poco menos de, presque, près de, près d, quase, perto de, pouco menos de, "
        "ما يقارب, قرابة, زهاء, تقريب*, يقارب, نحو من, ما يقرب من, يقرب من"
    ),
    Tag.ABOUT: phrases(
        "about, around, some, roughly, approximately, approx, circa, an estimated, estimated, "
        "more or less, something like, unas, unos, alrededor de, aproximadamente, más o menos, "
        "en torno a, aproximadamente unas, entorno a, environ, quelque, quelques, autour de, "
        "à peu près, approximativement, plus ou moins, dans les, cerca de, mais ou menos, "
        "em torno de, por volta de, uns, umas, حوالي, نحو, تقريبا, قرابة, ما يناهز"
    ),
    Tag.EXACTLY: phrases(
        "only, exactly, just, precisely, merely, no more and no less than, solo, sólo, "
        "solamente, exactamente, apenas, únicamente, tan solo, tan sólo, precisamente, "
        "seulement, exactement, à peine, précisément, uniquement, ne que, somente, exatamente, "
        "só, unicamente, فقط, بالضبط, مجرد, تحديدا, سوى, إلا"
    ),
    Tag.CERCA_DE: phrases("cerca de"),
    Tag.AT_LEAST_AFTER: phrases(
        "or more, and counting, at least, o más, y contando, al menos, por lo menos, "
        "como mínimo, ou plus, au moins, au minimum, ou mais, pelo menos, no mínimo, أو أكثر, "
        "على الأقل, فأكثر"
    ),
    Tag.AT_MOST_AFTER: phrases(
        "or fewer, or less, at most, o menos, como máximo, a lo sumo, ou moins, au plus, "
        "au maximum, ou menos, no máximo, أو أقل, على الأكثر, فأقل"
    ),
    Tag.ABOUT_AFTER: phrases(
        "or so, odd, or thereabouts, more or less, approximately, approx, y pico, más o menos, "
        "aproximadamente, et quelques, environ, plus ou moins, à peu près, e pouco, e poucos, "
        "e tal, mais ou menos, ونيف, تقريبا, حوالي"
    ),
    Tag.EXACTLY_AFTER: phrases(
        "exactly, only, exactamente, solamente, exactement, seulement, exatamente, somente, "
        "apenas, بالضبط, فقط, لا غير"
    ),
    Tag.PERCENT: phrases(
        "percent, per cent, pct, por ciento, pour cent, pourcent, por cento, في المئة, "
        "في المائة, بالمئة, بالمائة, بالميه, في الميه, في الماية, percentage"
    ),
    Tag.OUT_OF: phrases(
        "in every, out of every, in, out of, of every, de cada, de todas, sur, sur cada, "
        "em cada, من كل, من اصل, de"
    ),
    Tag.TWO_THIRDS: phrases(
        "two thirds, two third, dos tercios, dos terceras partes, las dos terceras partes, "
        "deux tiers, les deux tiers, dois terços, duas terças partes, ثلثا, ثلثي, ثلثين"
    ),
    Tag.THREE_QUARTERS: phrases(
        "three quarters, three fourths, tres cuartos, tres cuartas partes, trois quarts, "
        "três quartos, ثلاثة ارباع, ثلاثه ارباع"
    ),
    Tag.HALF: phrases(
        "half, half of, one half of, la mitad, mitad, la moitié, moitié, metade, a metade, نصف"
    ),
    Tag.THIRD: phrases(
        "a third, one third, third of, un tercio, una tercera parte, la tercera parte, un tiers, "
        "le tiers, um terço, a terça parte, uma terça parte, ثلث"
    ),
    Tag.QUARTER: phrases(
        "a quarter, one quarter, quarter of, a fourth, un cuarto, la cuarta parte, "
        "una cuarta parte, un quart, le quart, um quarto, a quarta parte, uma quarta parte, ربع"
    ),
    Tag.FIFTH: phrases(
        "a fifth, one fifth, la quinta parte, una quinta parte, un quinto, un cinquième, "
        "um quinto, a quinta parte, uma quinta parte"
    ),
    Tag.TENTH: phrases(
        "a tenth, one tenth, la décima parte, una décima parte, un décimo, un dixième, "
        "um décimo, a décima parte, uma décima parte"
    ),
    Tag.MOST: phrases(
        "most, most of, the majority, majority of, majority, la mayoría, mayoría, "
        "la mayor parte, la plupart, la majorité, majorité, la majeure partie, a maioria, "
        "maioria, a maior parte, معظم, غالبيه, اغلبيه, اغلب, اكثريه"
    ),
    Tag.DOUBLE: phrases(
        "twice as, twice the, twice, double the, double, el doble, doble, le double, o dobro, "
        "dobro, ضعف, ضعفي, ضعفا, مرتين, dos veces más, deux fois plus, duas vezes mais"
    ),
    Tag.TRIPLE: phrases("triple the, triple, el triple, le triple, o triplo, ثلاثه اضعاف, thrice"),
    Tag.TIMES: phrases("times, veces, fois, vezes, مرات, اضعاف, ضعف, ضعفا, x"),
    Tag.COMPARED: phrases(
        "as, more, the, más, mayor, superior, el, la, plus, supérieur*, le, mais, maior, o, a, "
        "اكثر, عدد, higher, greater, larger, many, ما, من, que"
    ),
    Tag.USUAL: phrases(
        "usual, normal, normally, ordinary, average, other days, the day before, previous day, "
        "base rate, lo normal, lo habitual, habitual, de costumbre, promedio, otros días, "
        "el día anterior, un día normal, d'habitude, la normale, habituel*, la moyenne, "
        "la veille, autres jours, o normal, o habitual, de costume, a média, média, "
        "o dia anterior, outros dias, المعتاد, المعدل, العاده, الطبيعي, اليوم السابق"
    ),
    Tag.HAD: phrases(
        "had, having, counted, tenía, tenia, tenían, contaba con, contaba, avait, comptait, "
        "avaient, tinha, tinham, contava com, contava, كان لديها, كان لديه, كان لدي, كان يملك, "
        "كانت تملك, كان عدد, كان يتابعها, كان يتابعه, كان"
    ),
    Tag.HAS: phrases(
        "has, have, now has, tiene, tienen, cuenta con, a maintenant, compte désormais, "
        "compte maintenant, compte aujourd'hui, a désormais, tem, têm, conta com, لديها, لديه, "
        "لدي, يملك, تملك, يبلغ, بلغ, اصبح لديها, اصبح لديه, اصبح"
    ),
    Tag.LEFT_WITH: phrases(
        "left, left with, remained, remaining, remains, remain, down to, quedó, quedaron, "
        "quedaba, quedaban, queda, quedan, quedar, quedarse, le quedó, restait, restaient, "
        "reste, restent, resté*, plus que, ficou, ficaram, restou, restaram, restava, sobrou, "
        "sobraram, يبق, تبق, بقي, تبقي, يتبق, بقيت"
    ),
    Tag.NOW: phrases(
        "now, today, currently, ahora, hoy, actualmente, maintenant, aujourd'hui, désormais, "
        "actuellement, agora, hoje, atualmente, الان, اليوم, حاليا"
    ),
    Tag.MOVED: phrases(
        "went, go, goes, going, gone, drop*, fell, fall, falls, falling, fallen, plung*, "
        "plummet*, crash*, shrank, shrunk, shrink*, sank, sink*, slump*, reduc*, cut, pass*, "
        "tumbl*, div*, slid, collaps*, decline*, decreas*, collapsed, pasó, pasaron, pasar, "
        "pasa, pasando, cay*, baj*, descend*, desplom*, reduj*, se hundió, hundi*, disminuy*, "
        "tomb*, chut*, dégringol*, rédui*, fond*, diminu*, effondr*, baiss*, cai*, caí*, "
        "despenc*, desab*, reduz*, baix*, diminui*, foi, fue, ficou, quedó, انخفض*, هبط*, "
        "تراجع*, نزل*, انتقل*, تقلص*, هوي, تهاوي, سقط*, تدن*, انهار*, تنخفض, ينخفض"
    ),
    Tag.ROSE: phrases(
        "rose, rise, climbed, recovered, grew, jumped, bounced, subió, subieron, aumentó, "
        "creció, crecieron, remont*, mont*, augment*, grimp*, subiu, subiram, aumentou, cresceu, "
        "ارتفع*, صعد*, زاد*"
    ),
    Tag.LATER: phrases(
        "later, afterwards, after, then, back to, up to, rose to, climbed to, recovered to, "
        "recovered, regained, más tarde, después, luego, volvió a, subió a, recuperó, tras, "
        "plus tard, après, puis, ensuite, remonté à, est remonté, remont*, mais tarde, depois, "
        "em seguida, voltou a, subiu para, recuperou, após, لاحقا, بعد, ثم, عاد الي, ارتفع الي, "
        "وصل الي, صعد الي, before climbing, finally, finalmente, enfin, por fim, اخيرا"
    ),
    Tag.BEFOREHAND: phrases(
        "before, antes, avant, قبل, previously, originally, auparavant, anteriormente, "
        "previamente, until then"
    ),
    Tag.WITHIN: phrases(
        "in, within, inside, over, during, in the space of, in under, throughout, for, en, "
        "durante, dentro de, en el lapso de, en el plazo de, en cuestión de, en apenas, "
        "a lo largo de, en menos de, en solo, pendant, durant, en l'espace de, dans, sous, "
        "en moins de, em, ao longo de, no espaço de, em menos de, em questão de, in a matter of, "
        "en l espace de, خلال, في, في غضون, في ظرف, على مدى, اثناء, طوال, لمده, بظرف"
    ),
    Tag.PER: phrases("per, por, par, cada, every, each, chaque, كل, في ال"),
    Tag.AGO_BEFORE: phrases("hace, hacía, il y a, há, قبل, منذ, depuis, desde, since, desde hace"),
    Tag.AGO_AFTER: phrases("ago, atrás, antes, before, earlier, plus tôt, auparavant, مضت"),
    Tag.OF_AGE: phrases(
        "old, of age, de edad, de antigüedad, de vida, de antiguedad, d ancienneté, "
        "d'ancienneté, de idade, d âge, d existence, من العمر, de existencia, de existência, "
        "de creadas, de criadas"
    ),
    Tag.DELAY_BEFORE: phrases(
        "after, al cabo de, después de, tras, a las pocas, après, au bout de, depois de, após, "
        "ao fim de, passadas, بعد, بعد مرور, dentro de las siguientes"
    ),
    Tag.DELAY_AFTER: phrases(
        "later, after, afterwards, más tarde, después, luego, plus tard, après, mais tarde, "
        "depois, لاحقا, بعد ذلك, بعدها"
    ),
    Tag.NEXT_DAY: phrases(
        "the next day, next day, the following day, the day after, a day later, one day later, "
        "tomorrow, al día siguiente, el día siguiente, un día después, al otro día, "
        "un día más tarde, le lendemain, le jour suivant, le jour d'après, un jour plus tard, "
        "au lendemain, no dia seguinte, o dia seguinte, dia seguinte, um dia depois, "
        "um dia mais tarde, في اليوم التالي, اليوم التالي, بعد يوم, بعد يوم واحد"
    ),
    Tag.SAME_DAY: phrases(
        "the same day, same day, that same day, el mismo día, ese mismo día, le jour même, "
        "le même jour, no mesmo dia, نفس اليوم, في اليوم نفسه, في نفس اليوم"
    ),
    Tag.OVERNIGHT: phrases(
        "overnight, de la noche a la mañana, du jour au lendemain, da noite para o dia, "
        "بين عشيه وضحاها, بين ليله وضحاها"
    ),
    Tag.AT_CLOCK: phrases(
        "at, a las, a la, hacia las, las, às, vers, الساعه, desde las, hasta las, dès, a eso de las"
    ),
}

#: Words by tag, as they are spelled.
WORDS: Final[Mapping[Tag, frozenset[str]]] = {
    Tag.OF: fold_words("of de d do da dos das du des del من among entre parmi out"),
    Tag.ARTICLE: fold_words(
        "the a an some these those that this los las el la lo unos unas esos esas estos estas "
        "aquellas aquellos les le l ces un une os as o essas esses estes um uma ال هذه تلك new "
        "suspended total número nombre number other otras otros autres outras outros s more más "
        "mas plus mais twitter"
    ),
    Tag.AUXILIARY: fold_words(
        "were was are is been have has had be fueron fue son eran era han ha sont furent étaient "
        "etaient ont ete été c ce foram são eram foi"
    ),
    Tag.DENIAL_FILLER: fold_words(
        "have has had been be were was is are did do does to ever yet come any se fue fueron ha "
        "han habían sido ser están estaba estaban les le lo las los me nos it they them de a ont "
        "ete été sont est avait avaient furent jamais encore foi foram têm tem estão mais aún "
        "todavía ainda plus يتم تتم تم of the ne n être avoir"
    ),
    Tag.AND: fold_words("and y et e و"),
    Tag.JOINER: fold_words(
        "and y e et و & ni but pero mais mas while mientras tandis enquanto whereas then luego "
        "puis depois ثم لكن بينما sino بل"
    ),
    Tag.ONLY_BUT: fold_words("سوى إلا que but except senão sino"),
    Tag.FOLLOWED: fold_words(
        "of de d do da du des لـ ل من to for a following siguen seguian suivaient seguiam يتابعون"
    ),
    Tag.SINGLE: fold_words("solo sola seul seule único única single"),
    Tag.DEFINITE: fold_words("la a le"),
    Tag.SUPERLATIVE: fold_words("at au al"),
    Tag.FURTHER: fold_words("more más autres otras outras others de mais أخرى"),
    Tag.SOMEONE: fold_words("une la cette chaque par"),
    Tag.AGENT: fold_words("by por par per"),
    Tag.TO_SOURCE: fold_words("ل a to the"),
    Tag.CALENDAR: fold_words("in then on when"),
    Tag.TIME_FILLER: fold_words(
        "about around some roughly approximately less fewer more than under over just only "
        "nearly almost at most least the a an los las el la les le l d des os as o unos unas uns "
        "umas casi apenas solo sólo menos más mas de tan cerca alrededor aproximadamente environ "
        "moins plus peine seulement à presque près quase pouco mais perto volta que first last "
        "next past primeras primeros últimas premières premiers dernières primeiras أقل من نحو "
        "حوالي أول اقل s space of"
    ),
    Tag.ONE: fold_words("a an one un una une um uma"),
    Tag.SINGLE_UNIT: fold_words(
        "single solo sola seule seul só único única whole واحدة واحد واحدا same little mere "
        "short apenas just"
    ),
    Tag.PART_LINK: fold_words("a an of de d"),
    Tag.QUARTERS: fold_words("quarters cuartos quarts quartos ارباع"),
    Tag.DATE_LINK: fold_words("of de do from من"),
    Tag.AT_EACH: fold_words("al ao"),
    Tag.MONTH: fold_words(
        "january february march april may june july august september october november december "
        "jan feb mar apr jun jul aug sep sept oct nov dec enero febrero marzo abril mayo junio "
        "julio agosto septiembre setiembre octubre noviembre diciembre ene abr ago dic janvier "
        "février mars avril mai juin juillet août septembre octobre novembre décembre janv févr "
        "avr juil déc janeiro fevereiro março maio junho julho setembro outubro novembro "
        "dezembro dez fev يناير فبراير مارس أبريل ابريل إبريل مايو يونيو يوليو أغسطس سبتمبر "
        "أكتوبر نوفمبر ديسمبر كانون تشرين شباط آذار نيسان أيار حزيران تموز آب أيلول جانفي فيفري "
        "أفريل جوان جويلية أوت"
    ),
    Tag.MAY_VERB: fold_words("have be return come not"),
    Tag.ORDINAL: fold_words(
        "st nd rd th er ere eme e o a ro ra do da to ta mo ma re nde ème ère º ª"
    ),
    Tag.BEFORE_DAY: fold_words("el le dia día day jour يوم al del du o no"),
    Tag.BEFORE_YEAR: fold_words(
        "in since en desde depuis de em of do until hasta jusqu عام سنة سنه في منذ year año ano "
        "année del late early fin finales fins début mid por para after before"
    ),
    Tag.NUMBERED: fold_words(
        "number numero número num nº no nro n article artículo art artigo page página ley law "
        "lei loi chapter phase version versión رقم المادة step top web point título season canal "
        "channel room"
    ),
    Tag.OCLOCK: fold_words("am pm a.m p.m oclock o'clock مساء صباحا ظهرا hrs"),
    Tag.CURRENCY: fold_words("$ € £"),
    Tag.FEW: number_words.FEW,
    Tag.HALF_UNIT: number_words.HALVES,
    Tag.UNIT_AFTER_NUMBER: fold_words("an ans mes h s second seconde segundo عام"),
    Tag.PLURAL_UNIT: fold_words(
        "seconds segundos secondes ثواني ثوان minutes minutos دقائق دقايق hours horas heures "
        "ساعات days días dias jours أيام weeks semanas semaines أسابيع"
    ),
}

#: Seconds by unit of time. A night is half a day; months and years are mean ones.
UNIT_SECONDS: Final = numerals(
    "second=1 seconds=1 sec=1 secs=1 segundo=1 segundos=1 seconde=1 secondes=1 ثانية=1 ثواني=1 "
    "ثوان=1 ثوانٍ=1 minute=60 minutes=60 min=60 mins=60 minuto=60 minutos=60 mn=60 دقيقة=60 "
    "دقائق=60 دقايق=60 hour=3600 hours=3600 h=3600 hr=3600 hrs=3600 hs=3600 hora=3600 horas=3600 "
    "horita=3600 heure=3600 heures=3600 ساعة=3600 ساعات=3600 day=86400 days=86400 día=86400 "
    "días=86400 dia=86400 dias=86400 jour=86400 jours=86400 journée=86400 jornada=86400 "
    "يوم=86400 أيام=86400 يوما=86400 night=43200 noche=43200 nuit=43200 noite=43200 ليلة=43200 "
    "week=604800 weeks=604800 semana=604800 semanas=604800 semaine=604800 semaines=604800 "
    "أسبوع=604800 أسابيع=604800 أسبوعا=604800 month=2629800 months=2629800 mes=2629800 "
    "meses=2629800 mois=2629800 mês=2629800 شهر=2629800 أشهر=2629800 شهور=2629800 year=31557600 "
    "years=31557600 año=31557600 años=31557600 an=31557600 ans=31557600 année=31557600 "
    "années=31557600 ano=31557600 anos=31557600 سنة=31557600 سنوات=31557600 عام=31557600 "
    "أعوام=31557600 عاما=31557600"
)
#: Arabic duals of units of time.
DUAL_SECONDS: Final = numerals(
    "ثانيتين=2 ثانيتان=2 دقيقتين=120 دقيقتان=120 ساعتين=7200 ساعتان=7200 يومين=172800 "
    "يومان=172800 أسبوعين=1209600 أسبوعان=1209600 شهرين=5259600 عامين=63115200 سنتين=63115200"
)
#: A quarter of an hour.
UNIT_QUARTERS: Final = fold_words("quarter cuarto quart quarto ربع")

#: Platforms: a handle of theirs is no account in question.
PLATFORMS: Final = fold_words(
    "@twitter @x @twittersupport @support @safety @twitterla @bluesky @mastodon @meta @facebook "
    "@instagram @tiktok @youtube"
)
#: How words for an office begin: its holder, not a group.
OFFICES: Final = tuple(sorted(fold_words("president minist رئيس وزير")))
