"""What the columns of tables are called, in five languages and by the tools of the field.

A role is what a column can be. Names stand squeezed: small letters, no accents, no signs, so that
`retweet/id`, `retweetId` and `retweet_id` are one. Within a role the better column comes first.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

#: Role to the squeezed names of its columns.
ROLE_NAMES: Final[dict[str, str]] = {
    # who: an id that stays, a word that may be either, a handle that may change hands
    "account_id": "accountid userid useridstr authorid authoridstr useruid authoruid authormetaid "
    "authorexternalid fromuserid fromuseridstr "
    "authoraccountid userpk externalauthorid authorchannelidvalue authorchannelid "
    "channelid accountplatformid pageid facebookid uid "
    "fromid ownerid posterid senderid senderuserid "
    "raterparticipantid noteauthorparticipantid participantid "
    "posterpageid twitteruserid tweetauthorid actorid did accountdid authordid "
    "usuarioid idusuario iddeusuario cuentaid idcuenta autorid idautor idutilisateur "
    "utilisateurid idcompte compteid idauteur auteurid idconta contaid idautora "
    "postownerid surfaceid "
    "blockedid targetuserid twitterid fromiduserid peeridchannelid peeridchatid "
    "authorchannelidvalue snippetauthorchannelidvalue nutzerid benutzerid idutente userrestid",
    "account": "account user author actor usuario usuaria cuenta autor autora utilisateur compte "
    "auteur creator "
    "utilizador usuariox conta perfil profil cuentas accounts sender poster participant "
    "acct uploader blocker bloqueur bloqueador المستخدم مستخدم حساب الحساب المؤلف الناشر وكيل "
    "logtitle "
    "utente autore konto nutzer benutzer kullanici пользователь автор "
    "profile",
    "handle": "handle screenname userscreenname userusername authorusername authorscreenname "
    "username authorhandle authorshortname authormetaname "
    "accounthandle accountusername fromuser fromuserscreenname "
    "fromusername twitterhandle tweetuser userhandle channelusername profilehandle userhandle "
    "usernametag profileurl profilelink userurl userlink accounturl accountlink "
    "accountaddress uniqueid authoruniqueid twitterscreenname influencer "
    "nombredeusuario "
    "nomdutilisateur nomedeusuario pseudo arroba alias nick nickname اسمالمستخدم المعرف "
    "اسمالحساب "
    "nutzername benutzername nomeutente kullaniciadi",
    "name": "name displayname userdisplayname userrealname fromuserrealname authorname fullname "
    "authorfullname authorfull accountdisplayname userfullname realname pagename channeltitle "
    "channelname nombre nom nome الاسم from userdisplay useralias",
    # when
    "posted": "unixtimestamp timestampunix timestampepoch timestamputc "
    "dateunixtime unixtime epoch epochtime createdutc "
    "createdatmillis "
    "timestampms createtime createtimeiso takenattimestamp takenat createdtimestamp "
    "createdtime tweettime tweetcreatedat postedat postedon posttime postdate publishedat "
    "publishedtime publishdate publishedon published dateposted datepublished datecreated "
    "creationtime uploaddate uploadedat createdate createdat created postcreated timestampshare "
    "parsedcreatedat "
    "posted sent tweeted timestamp localtime datetime dateandtime time ts at when moment date "
    "day indexedat "
    "fechahora fechayhora fechapublicacion fechadepublicacion publicado momento fecha dia "
    "quando cuando quand متى "
    "horodatage dateheure datedepublication datepublication publiele jour "
    "datahora dataehora datadepublicacao datapublicacao publicadoem carimbo data "
    "التاريخ تاريخ اليوم الوقت وقت تاريخالنشر التوقيت logtimestamp "
    "dataeora datum zeit zeitpunkt datumuhrzeit veroffentlichtam erstelltam pubblicatoil tarih "
    "дата",
    "observed": "collectiontime observedat collectedat retrievedat checkedat seenat seenon "
    "observedon checkedon "
    "timestampcollected lastchecked scrapedat crawledat fetchedat queriedat harvestedat "
    "harvesteddate snapshotat snapshotdate snapshot captureddat capturedat twarcretrievedat "
    "measuredat dateobserved datechecked datecollected lookedat recordedat asof "
    "verificadoel comprobadoel observadoel consultadoel vistoel gepruftam gesehenam conferidoem "
    "vistoem constatele observele vuele vule verifiele "
    "observadoen consultado fechaconsulta fechadeconsulta fecharevision revisado visto vistoen "
    "observado consultele dateconsultation dateobservation datedeconsultation vu verifieele "
    "datedureleve datereleve datedeleitura datadaconsulta fechadelaconsulta "
    "verificadoem dataconsulta datadeconsulta observadoem تاريخالرصد تاريخالفحص",
    "born": "accountcreated accountcreatedat accountcreationdate accountcreation createdatuser "
    "usercreatedat usercreated authorcreatedat fromusercreatedat membersince joined joinedat "
    "joindate joindat datejoined registered registeredat registrationdate pagecreated "
    "userregistration channelcreated profilecreatedat fechacreacion fechadecreacion "
    "fechaderegistro datecreation datedecreation dateinscription datacriacao datadecriacao "
    "datadecadastro تاريخالإنشاء تاريخانشاءالحساب",
    "hour": "hour hora heure timeofday postcreatedtime clock horas heures ساعة الساعة "
    "uhrzeit ora saat время",
    # what was acted on
    "object": "object objectid contentid objeto objet objetocompartido sharedobject item itemid",
    "repost_id": "retweettweetid retweetedtweetid retweetedstatusid retweetedstatusidstr "
    "retweetstatusid referencedtweetsretweetedid retweetedid retweetid retweetidstr "
    "retweetedtweetidstr repostid repostedid repostedpostid repostof repostofid repostofuri "
    "reblogid reblogofid boostofid rebloguri reposteduri sharedid sharedpostid originalid "
    "originalpostid originaltweetid originalstatusid referencedid referencedtweetid "
    "vkcopiedpostid "
    "retweetedweiboid "
    "retweetof retweetofid retweetofstatusid rtof rtid retweetoriginalid retweetsourceid "
    "retuitsde retuitde retuiteode retuiteade idretuit idretweet idcompartido "
    "idmensajecompartido iddelmensajecompartido idpublicacioncompartida idtuitoriginal "
    "retweetsde retweetde idtweetoriginal idpartage lienpartage retuitedem idtweetoriginel "
    "urlcompartida sharedurl forwardmsglink forwardedmessageid معرفالأصل إعادةتغريدمن",
    # which of a channel's messages was forwarded, whose own ids are those of the channel alone
    "forwarded_part": "fwdfromchannelpost forwardfrommessageid forwardedfrommessageid "
    "forwardedmessageid forwardoriginmessageid unixtimestampforwardedfrom "
    "timestampforwardedfrom fwdfromdate forwarddate forwardmsgdate forwardedtimestamp "
    "forwardedfromtimestamp forwardorigindate",
    "repost_or_quote_id": "retweetorquoteid sourcetweetid",
    "is_repost": "isretweet isretweeted isrepost isreblog isshare isboost retweet isrt isforward "
    "isforwarded esretuit "
    "esretweet estretweet eretweet",
    "repost_of": "retweeteduserid retweetuserid retweeteduser retweetedusername "
    "retweeteduserscreenname retweetedstatususeridstr retweetedstatususerid "
    "retweetedstatususerscreenname retweetusername retweetuser userrtid userrt retweetauthorid "
    "retweetauthorusername retweetedtweetuserid retweetedtweetuserusername "
    "reposteduserid repostedfrom authorforwardedfromid authorforwardedfromusername "
    "forwardedfromid forwardedfrom authorforwardedfromname retweetoruserid "
    "fwdfromfromidchannelid "
    "fwdfromchannelid fwdfromfromiduserid fwdfromfromid fwdfromfromname forwardsenderid "
    "forwardfromchatid forwardfromid forwardoriginchatid forwardmsgfrompeerid "
    "forwardmsgfrompeername reenviadode transferede encaminhadode "
    "ritwittadi ritwittatoda retweetvon geteiltvon",
    "reply_id": "inreplytotweetid inreplytostatusid inreplytostatusidstr inreplytoid "
    "referencedtweetsrepliedtoid replytoid replyid repliedtoid replyto isreplyto parentid parent "
    "parentcommentid replytomessageid inreplytouri replyparenturi inreplytotweetidstr "
    "responsea idrespuesta reponsea",
    "reply_to": "inreplytouserid inreplytouseridstr replieduserid repliedtouserid touserid",
    "quote_id": "quotedtweettweetid quotedstatusid quotedstatusidstr quotedtweetid "
    "referencedtweetsquotedid quoteid quotedid quotedpostid quoteduri quotestatusid",
    "hashtags": "hashtags hashtag entitieshashtags allhashtags hashtagnames challenges "
    "hashtagslist etiquetas etiqueta motsdiese الوسوم وسم هاشتاغ",
    "links": "linkattachmentlink urls links entitiesurls expandedurls urlslinked alllinks "
    "outlinks urlsexpanded "
    "expandedlinks finallink linksshared enlaces liens sharedlinks expandedurl "
    "partage partagee compartido compartida compartilhado compartilhada partilhado geteilterlink "
    "condiviso "
    "unshortenedurl canonicalurl expanded expandedlink",
    "url": "link url lien enlace href urls address tweeturl statusurl posturl permalink "
    "permalinkurl tweetpermalink messageurl videourl twitterurl tiktokurl postlink "
    "linkdelpost enlacedelpost website pagina web الرابط رابط sharedlink linkurl",
    "mentions": "usermentions mentions mentionedusers entitiesmentions entitiesusermentions "
    "mentionednames mentioneduserids menciones mentionsids",
    "act_id": "vkpostid noteid tweetid tweetidstr actid postid statusid messageid msgid weiboid "
    "commentid documentid mentionid resourceid idtweet idtuit idmensaje "
    "idpublicacion iddelpost uri aturi idstr id videoid",
    # what is shared that is neither a post nor a text
    "image": "phash imagephash imagehash mediahash pdqhash pdq mediaphash photohash videohash "
    "imageid mediaid image imagen imagem الصورة صورة",
    "song": "songid song musicid soundid audioid musictitle musicname sound cancion chanson musica "
    "أغنية",
    "domain": "domain linkdomain urldomain domainname dominio domaine نطاق",
    "conversation": "conversationid conversationidstr threadid threadrootid rootid rooturi "
    "replyrooturi threadroot threaduri conversation thread hilo conversacion conversa",
    # where and until when a post stood
    "platform": "platform socialplatform socialnetwork sourceplatform plataforma redsocial "
    "plateforme reseausocial redesocial المنصة منصة piattaforma plattform",
    "deleted": "deletedat deletiondate deletiontime deletedon deletedtime datedeleted "
    "tweetdeletedat postdeletedat borradoel borradael fechaborrado fechadeborrado eliminadoel "
    "datesuppression datedesuppression supprimele apagadoem excluidoem dataexclusao تاريخالحذف",
    "target": "target targetid targetuser mentioned touser objetivo destino cible alvo subject "
    "reported reporteduser reportedaccount reportedid denunciado denunciada signale "
    "targetaccount accused victim blocked blockeduser blockedaccount bloque bloquee bloqueado "
    "bloqueada "
    "reportedpost reportedstatus reportedtweet reportedcontent reportedurl publicaciondenunciada",
    "reporter": "reporter reporterid reporteraccount reportedby denunciante denunciador "
    "signaleur auteurdusignalement reportingaccount flagger المبلغ",
    "text": "fulltext rawcontent text tweettext posttext messagetext message content body "
    "tweet caption postcontent commenttext textdisplay textoriginal contentsnippet "
    "selftext renderedcontent "
    "videodescription hitsentence snippet openingtext fullcontent contentstext summary "
    "texto mensaje contenido tuit publicacion texte contenu message mensagem conteudo comentario "
    "نص النص المحتوى الرسالة "
    "captiontext desc datadesc videotitle inhalt beitrag nachricht testo messaggio metin mesaj "
    "текст comment commentaire التعليق",
    "kind": "kind type action act tweettype sourcetweettype posttype interaction interactiontype "
    "tipo accion acao typeaction نوع verb",
    # what became of an account
    "status": "status state accountstatus userstatus httpstatus httpstatuscode statuscode httpcode "
    "responsecode estado estatus estadodelacuenta statut "
    "etat statutducompte situacao estadodaconta situacaodaconta الحالة حالة حالةالحساب",
    "suspended": "suspendedat suspendedobserved suspendedon suspensiondate suspensiontime "
    "datesuspended takendownat removedat bannedat fechasuspension fechadesuspension "
    "suspendidael suspendidoel datesuspension datedesuspension datasuspensao datadesuspensao "
    "sumiu sumiuem desapareceuem desaparecioel disparule disparuele "
    "gone dategone goneat disappeared disappearedat desaparecida desaparecio disparu "
    "desapareceu تاريخالتعليق "
    "gesperrtam gesperrtseit sospesoil suspensoem",
    "is_suspended": "suspended issuspended suspendida suspendido suspenso suspensa suspendu "
    "suspendue banned takendown موقوف معلق "
    "gesperrt sospeso sospesa",
    "reversed": "reversedat reversedobserved restoredat reinstatedat fecharestauracion "
    "datedereabilitacao dateretablissement returnedat backat",
    "last_seen": "lastseen datelastseen lastseenat lastseenon lastactive ultimavez "
    "vistoporultimavez ultimavezvista ultimavezvisto dernierefois vupourladernierefois "
    "ultimavezvista vistapelaultimavez آخرظهور",
    "reason": "reason motivo raison motif razon السبب "
    "grund motivazione",
    # follows and counts
    "follower": "follower followerid followerdid seguidor seguidora abonne متابع idseguidor",
    "followed": "followed followedid followinguserid followingid friendid followingdid "
    "followeduserid followee followeeid leader followeduser following_user "
    "seguido seguida suivi cuentaseguida siguea abonnea suit segue contaseguida comptesuivi "
    "المتابع يتابع",
    "since": "since followedat followedsince followingsince followdate datefollowed followstart "
    "sigueseguidodesde desde siguedesde depuis suividepuis seguedesde desdequando منذ startdate "
    "start begin",
    "until": "until unfollowedat unfollowdate dateunfollowed followedto followeduntil followend "
    "hasta jusque jusquau ate حتى enddate end",
    "edge_from": "source from origen origem",
    "edge_to": "target to destino destination",
    "followers": "followers followercount followerscount seguidores numseguidores nseguidores "
    "abonnes nombredabonnes userfollowerscount userfollowers authorfollowers "
    "publicmetricsfollowerscount authorpublicmetricsfollowerscount userfollowerscount "
    "followersatposting fans fanscount authormetafans "
    "subscribers subscribercount subscribersatposting "
    "likesatposting fromuserfollowercount authorfollowerscount usernumfollowers "
    "متابعون المتابعون عددالمتابعين "
    "seguaci abonnenten takipciler followerzahl",
    "following": "following followingcount followscount friends friendscount seguidos abonnements "
    "seguindo userfriendscount publicmetricsfollowingcount userfriends authorfollowing "
    "authorpublicmetricsfollowingcount fromuserfriendcount friendcount userfollowing",
    "posts": "posts postcount postscount statusescount tweetcount tweets statuses updates "
    "publicaciones publications publicacoes userstatusescount publicmetricstweetcount "
    "authorpublicmetricstweetcount fromusertweetcount mediacount videocount uploads",
    # what is known of it besides
    "language": "language lang tweetlanguage languageguess idioma langue lingua langcode "
    "contentlanguage postlanguage userlang",
    "client": "client sourceapp tweetclientname sourcelabel cliente source",
    "verified": "verified userverified isverified authorisverified authorverified verificado "
    "fromuserverified verifie",
    "description": "description bio userdescription authordescription fromuserdescription "
    "biografia biographie profiledescription pagedescription rawdescription descripcion "
    "userreporteddescription",
    "location": "location userlocation authorlocation fromuserlocation ubicacion lieu "
    "localizacao userreportedlocation",
}  # fmt: skip


def squeeze_name(name: str) -> str:
    """A column's name in small letters, without accents and signs."""
    plain = unicodedata.normalize("NFKD", name)
    plain = "".join(c for c in plain if not unicodedata.combining(c)).casefold()
    return re.sub(r"[\W_]+", "", plain.replace("\N{LATIN SMALL LETTER DOTLESS I}", "i"))


def _ranks() -> dict[str, dict[str, int]]:
    """Per squeezed name, its roles and its place in each."""
    found: dict[str, dict[str, int]] = {}
    for role, names in ROLE_NAMES.items():
        for place, name in enumerate(names.split()):
            found.setdefault(squeeze_name(name), {}).setdefault(role, place)
    return found


_RANKS: Final = _ranks()

_WHO: Final = r"(?:user|author|account|profile|sender|creator|owner|poster|channel)"
_POST: Final = r"(?:post|tweet|message|msg|comment|toot|note|video|status|skeet|submission|reel)"
_POST_WORDS: Final = (
    r"(?:tweet|tuit|post|postagem|publicacion|publication|publicacao|mensaje|mensagem|message)"
)
_SHARED: Final = r"(?:re(?:tweet|post|blog|share|note|skeet|tuit)|boost)(?:ed)?"
_ID: Final = r"(?:id|idstr|uri|url|uid|pk|guid|uuid)"
_WHEN: Final = r"(?:at|on|date|time|timestamp|datetime|datetimeutc|ts|utc)"
_NAMED: Final = r"(?:acct|screenname|username|handle|login|nick(?:name)?)"
#: Who did it, by what was done.
_DOER: Final = (
    r"(?:re)?(?:tweet|post|blog|shar|lik|favou?rit|comment|repl(?:y|i)|quot|boost|vot|upload|view"
    r"|read|react|click|visit|upvot|downvot)(?:er|or)|commentator|curtidora?|compart(?:ido|ilhado)ra?"
    r"|comentad?ora?|comentarista|commentat(?:eur|rice)|votante|vot(?:eur|euse)|partageu(?:r|se)"
    r"|espectadora?|spectat(?:or|eur|rice)|retuiteadora?|المصوت|المشاهد"
)
_DONE_BY: Final = (
    r"(?:(?:lik|favou?rit|vot|writt?|(?:re)?(?:post|tweet|blog|shar)|boost|publish|upload|comment"
    r"|view|read|react|click|visit)(?:ed|en)?by"
    r"|(?:curtid|compartid|compartilhad|comentad|votad|retuitead|publicad"
    r"|escrit|vist)[oa]por|(?:aime|partage|commente|vote|publie|ecrit|vu)e?par)"
)
_SEEN: Final = (
    r"collected|captured|scraped|crawled|observed|retrieved|harvested|fetched|checked|measured"
)
_FORWARD: Final = r"(?:fwd|forward(?:ed)?)(?:from|orig(?:in(?:al)?)?)*"
_LOOKED: Final = (
    r"(?:collect|captur|scrap|crawl|observ|retriev|harvest|download|fetch|check|snapshot|measur"
    r"|quer(?:y|ied))[a-z]{0,4}"
)
#: What squeezed names are built of where no list has them: tools put the same parts together in
#: their own ways ("retweeted_tweet_id", "fwd_from_chat_id", "scrape_date").
_BUILT: Final = tuple(
    (role, re.compile(pattern))
    for role, pattern in (
        ("repost_id", rf"{_SHARED}(?:of)?(?:the)?(?:original)?{_POST}?{_ID}"),
        ("repost_of", rf"{_SHARED}(?:from|of)?{_POST}?(?:{_WHO}(?:{_ID}|name)?|{_WHO}?{_NAMED})"),
        ("repost_of", r"re(?:tuit|tweet|post)e?ad[oa]d[eoa](?:usuari[oa]|cuenta|conta|autora?)?"),
        ("repost_of", r"(?:re)?(?:tweete|publie|partage)e?s?d[eu](?:compte|utilisateur|auteur)?"),
        ("repost_or_quote_id", rf"(?:ref|reference[ds]?|related|source){_POST}{_ID}"),
        ("repost_of", r"copyhistory0?(?:owner|from)id"),
        ("forwarded_part", r"copyhistory0?id"),
        ("forwarded_part", rf"{_FORWARD}(?:channel)?{_POST}{_ID}?"),
        ("repost_of", rf"{_FORWARD}(?:chat|peer|source|{_WHO})(?:{_ID}|name|title|username)?"),
        ("repost_of", rf"original{_POST}?{_WHO}(?:{_ID}|{_NAMED}|name)?"),
        ("links", r"(?:enlace|link|url|lien)s?(?:compartid[oa]s?|partages?|compartilhad[oa]s?)"),
        ("quote_id", rf"quot(?:ed|e)(?:of)?{_POST}?{_ID}"),
        ("reply_id", rf"(?:inreplyto|repl(?:y|ied)to|inresponseto){_POST}?{_ID}|parent{_POST}?id"),
        ("reply_to", rf"(?:inreplyto|repl(?:y|ied)to)(?:{_WHO}(?:{_ID}|name)?|{_WHO}?{_NAMED})"),
        ("account", rf"(?:{_DOER})|{_DONE_BY}"),
        ("account_id", rf"{_DONE_BY}{_WHO}?{_ID}|from{_WHO}(?:id|idstr|uid)"),
        ("handle", rf"{_DONE_BY}{_WHO}?{_NAMED}|from{_WHO}{_NAMED}"),
        ("account_id", rf"(?:{_WHO}|{_DOER})(?:uu)?(?:id|idstr|uid|pk|guid|did)"),
        ("handle", rf"(?:{_WHO}|{_DOER}){_NAMED}"),
        ("name", rf"(?:from)?{_WHO}(?:display|full|real|screen)?name"),
        ("is_suspended", rf"(?:is)?{_WHO}(?:is)?(?:suspended|banned)"),
        ("reversed", r"(?:fecha|data|date)(?:de|del|da|do|du)?(?:la|el|l)?(?:regreso|retorno|retour"
                     r"|vuelta|volta|restitucion|rehabilitacion|re(?:c)?activacion|reativacao"
                     r"|retablissement|return|reinstatement)"
                     r"|(?:regreso|volvio|voltou|revenue?|reaparec(?:io|ida?|ido)|reapareceu"
                     r"|returned|cameback|back|backonline|de(?:nuevo|vuelta))"
                     r"(?:el|em|le|on|at|en|since|date)?"),
        ("mentions", rf"mention(?:n?ed|nee?s?|ad[oa]s?|s)?(?:{_WHO}|{_NAMED})(?:name|handle|id)?s?"
                     r"|(?:cuenta|conta|compte|usuari[oa])s?mencionad[oa]s?|comptes?mentionnee?s?"),
        ("suspended", rf"{_WHO}?(?:suspen(?:ded|sion)|ban(?:ned)?|takedown|removal){_WHEN}"),
        ("suspended", r"(?:gone|vanished|disappeared|missing)(?:by|at|on|since|date|time)"),
        ("reversed", r"(?:rea(?:c)?tivad|restaurad|restituid|readmitid|desbloquead|retabli|reactive"
                     r"|reintegre|debloque|unsuspended|unbanned|reinstated|restored)"
                     r"[a-z]?(?:em|en|el|le|at|on|date)"),
        ("suspended", r"(?:suspen[ds]|sospes|gesperrt|bann?id|banni|bloque(?:ad|e)|expuls)"
                      r"[a-z]{0,4}?"
                      r"(?:em|en|el|le|am|il|desde|depuis|seit|fecha|data|date)"),
        ("observed", rf"(?:last)?{_LOOKED}{_WHEN}|date(?:of)?{_LOOKED}|{_SEEN}"),
        ("acted", r"(?:lik|favou?rit|re(?:tweet|post|blog)|shar|boost|vot|block|report|flagg?)"
                  rf"(?:ed|d)?{_WHEN}"),
        ("perhaps_acted", rf"(?:view|react|click|read|watch|visit|comment|repli?)(?:ed|d)?{_WHEN}"
                  r"|(?:curtid|compartid|compartilhad|comentad|votad|retuitead|vist)[oa]"
                  r"(?:el|en|em)|(?:aime|partage|commente|vote|vu)e?le"
                  r"|(?:fecha|data|date)(?:de|del|da|do|du)?(?:vot[oe]|reaccion|reaction|reacao"
                  r"|vista|visita|like|curtida|comentario|commentaire)"),
        ("until", r"unfollow(?:ed|ing)?(?:you|me|us)?(?:at|on|date|time|since)?"
                  r"|(?:date|time)(?:of)?(?:the)?unfollow(?:ed|ing)?|dejodeseguir(?:te|me|el|en)?"
                  r"|(?:a)?cessededesuivre(?:le)?|deixoudeseguir(?:em)?"),
        ("since", r"follow(?:ed|ing)(?:you|me|us)?(?:at|on|date|since)"),
        ("posted", r"(?:created?|posted|published|sent|date|time|timestamp)(?:at|on|time|date)?"
                   r"(?:utc|gmt|local|iso)"),
        ("posted", rf"{_POST}(?:created|published|posted|sent)(?:unix|utc)?"),
        ("posted", rf"(?:fecha|data|date|hora|heure)(?:de|del|da|do|du)?(?:la|el|l)?"
                   rf"(?:{_POST_WORDS}|denuncia|signalement|reporte)"),
        ("target", r"(?:cuenta|conta|compte|perfil|profil|usuari[oa]|utilisateur)"
                   r"(?:denunciad|signale|reportad)[aoe]?"),
        ("status", r"(?:live|present|now|twitter|x)(?:account)?(?:status|state)"
                   r"|estado(?:actual|dehoy)|statutactuel|(?:status|estado|situacao)atual"),
        ("posted", rf"{_POST}(?:s|ed)?(?:created|published|posted|sent)?{_WHEN}"),
        ("text", rf"{_POST}s?(?:text|body|content|caption)"),
        ("followers", rf"(?:num|n|no|number|total|count)(?:of)?(?:followers|subscribers|fans)"
                      rf"|{_WHO}?(?:followers?|subscribers?|fans?)(?:count|number|total|num)"),
        ("conversation", rf"(?:conversation|thread|discussion)(?:root)?{_ID}"),
        ("act_id", rf"id(?:de|del|da|do|du)?(?:la|el|le)?{_POST_WORDS}|{_POST_WORDS}id"
                   r"|معرفال(?:منشور|تغريدة|رسالة)"),
        ("status", r"(?:new|final)(?:account)?(?:status|state)"
                   r"|(?:status|state)(?:after|new)"
                   r"|estado(?:nuevo|final)|nuevoestado|nouveaustatut"
                   r"|novo(?:status|estado)|(?:status|estado)novo"),
        ("posted", r"(?:status)?chang(?:ed?|ing)(?:at|on|date|time)|dateofchange"
                   r"|fecha(?:del?)?cambio|cambi(?:o|ado)(?:el|en)|datedechangement|changele"
                   r"|(?:data(?:da|de)?mudanca|mudou?em)"),
        ("act_id", rf"{_POST}(?:id|idstr|uri|uid|pk|guid|uuid)"),
    )
)  # fmt: skip
#: Names of platforms that stand before what a column is: "Twitter Author ID", "X Repost of".
_PLATFORM: Final = re.compile(
    r"(?i:twitter|x|facebook|fb|instagram|ig|youtube|yt|tiktok|telegram|reddit|bluesky|bsky"
    r"|mastodon|threads|vk|weibo|linkedin)[\s._/-]+(?=\w)"
)


def _built_role(name: str) -> dict[str, int]:
    """The role of a squeezed name by its parts; it comes after all names that are listed."""
    role = next((role for role, pattern in _BUILT if pattern.fullmatch(name)), None)
    return {role: _AFTER_ALL} if role else {}


_AFTER_ALL: Final = 10_000


#: What stands around a post in pages and exports, and says nothing of it.
_WRAPPERS: Final = re.compile(
    r"^(?:(?:data|node|snippet|id|topLevelComment|attributes|properties|_source|fields|item|post|page)[./])+"
)


#: How Talkwalker begins what it says of authors.
_EXTRA: Final = re.compile(r"^extra_(?:author|source)_attributes[./]")
#: What stands behind a name, in brackets.
_BEHIND: Final = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*$")


def _roles_of(column: str) -> dict[str, int]:
    """The roles a column may have, with its place in each; by its own name, else without what
    stands around it.
    """
    name = squeeze_name(column)
    inner = squeeze_name(_WRAPPERS.sub("", _EXTRA.sub("author_", column)))
    if name not in _RANKS:  # "Date (UTC)" is a date
        name = squeeze_name(_BEHIND.sub("", column))
    told = _RANKS.get(name) or _RANKS.get(name.removeprefix("data")) or _RANKS.get(inner)
    if told is None and (match := _PLATFORM.match(column)):
        # beside an author of any platform, one of a single platform is in few rows
        found = _roles_of(column[match.end() :])
        return {
            "account" if role == "account_id" else role: place + _AFTER_ALL
            for role, place in found.items()
        }
    return told or _built_role(name) or _built_role(inner)


def columns_by_role(columns: Iterable[str]) -> dict[str, list[str]]:
    """The columns that each role may have, the better first; a column may stand in several."""
    found: dict[str, list[tuple[int, str]]] = {}
    for column in columns:
        for role, place in _roles_of(column).items():
            found.setdefault(role, []).append((place, column))
    return {role: [c for _, c in sorted(p, key=lambda p: p[0])] for role, p in found.items()}
