"""The words of claims in five languages: what happened, to whom, when, and how strictly a number is meant.

Phrases are written as they are spelled and folded on loading. A word that ends in * stands for all that begin so. Articles,
accents and Arabic's joined small words are taken care of by `claim_text`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

from birdfall.claims.parse.tokens import Token, folded, forms, wordset

Phrase = tuple[str, ...]


def _phrases(*texts: str) -> tuple[Phrase, ...]:
    """Phrases separated by commas; longest first, so that "no more than" is found before "more than"."""
    found = {
        tuple(folded(w) for w in phrase.split())
        for text in texts
        for phrase in text.split(",")
        if phrase.strip()
    }
    return tuple(sorted(found, key=lambda p: (-len(p), p)))


@cache
def _is(pattern: str, word: str) -> bool:
    if pattern.endswith("*"):
        return any(form.startswith(pattern[:-1]) for form in forms(word))
    return pattern in forms(word)


def length_at(words: Sequence[Token], at: int, phrases: tuple[Phrase, ...]) -> int:
    """How many tokens from `at` on the longest of `phrases` takes; 0 if none stands there."""
    for phrase in phrases:
        if at + len(phrase) <= len(words) and all(
            words[at + i].kind == "word" and _is(p, words[at + i].text)
            for i, p in enumerate(phrase)
        ):
            return len(phrase)
    return 0


def ends_at(words: Sequence[Token], end: int, phrases: tuple[Phrase, ...]) -> int:
    """How many tokens before `end` the longest of `phrases` takes that ends there; 0 if none does."""
    for phrase in phrases:
        begin = end - len(phrase)
        if begin >= 0 and all(
            words[begin + i].kind == "word" and _is(p, words[begin + i].text)
            for i, p in enumerate(phrase)
        ):
            return len(phrase)
    return 0


def positions(words: Sequence[Token], phrases: tuple[Phrase, ...]) -> list[tuple[int, int]]:
    """All places [begin, end) at which one of `phrases` stands, not overlapping."""
    found, at = [], 0
    while at < len(words):
        length = length_at(words, at, phrases)
        if length:
            found.append((at, at + length))
        at += max(length, 1)
    return found


# -- what happened ----------------------------------------------------------------------------------------------------

FALLEN: Final = _phrases(
    "suspend*, suspens*, banned, ban, bans, delet*, remov*, closed, closure, closures, closing, shut, shut down, taken down, took down, takedown*, "
    "taken offline, terminat*, vanish*, disappear*, fell, fall, falls, fallen, falling, wiped, wiped out, purge*, purging, eliminat*, blocked, "
    "deactivat*, disabled, erased, gone, went down, went dark, culled, kicked, axed, canceled, cancelled, lost their accounts, lost their account",
    "cerró, cerraron, cerrad*, cierre, cierres, cayó, cayeron, caen, caía*, caíd*, caer, caído, desapar*, elimin*, borr*, bloquead*, bloqueó, "
    "bloquearon, bloqueo, dado de baja, dada de baja, dados de baja, dadas de baja, dieron de baja, tumb*, banead*, esfum*, cancelad*, cancelaron, "
    "expulsad*, inhabilit*, desactiv*, purg*, retirad*, quitad*, se fueron, perdieron sus cuentas",
    "ferm*, supprim*, disparu*, disparaî*, disparait, disparaissent, tomb*, bloqué*, banni*, effac*, élimin*, désactiv*, volatilis*, radié*, clôtur*, "
    "évapor*, sauté, suppression*",
    "caíram, caiu, cai, caem, cair, caindo, excluíd*, excluir*, excluiu, excluem, sumiu, sumiram, sumir, sumid*, sumindo, somem, desaparec*, apag*, derrub*, banid*, bani*, encerrad*, encerr*, fechad*, fechou, fecharam, "
    "desativ*, tirad* do ar",
    "علق, علقت, علقوا, تعلق, يعلق, تعليق*, معلق*, اغلق*, اغلاق*, مغلق*, تغلق, يغلق, حذف*, يحذف, تحذف, محذوف*, سقط*, سقوط, تسقط, يسقط, اختف*, تختف*, "
    "ايقاف*, اوقف*, توقيف, موقوف*, توقف*, حظر*, محظور*, ازال*, ازيل*, شطب*, الغا*, الغي*, تعطيل, عطل*, طرد*, تساقط*, وقف",
)  # fmt: skip
RESTORED: Final = _phrases(
    "restor*, reinstat*, return, returned, returning, returns, came back, come back, comes back, coming back, were back, was back, are back, is back, back online, "
    "got back, brought back, gone back, went back up, back up, recover*, reactivat*, unsuspend*, unbanned, unblocked, reappear*, revived, rehabilitat*, "
    "got their accounts back, given back, back",
    "restablec*, restitu*, restaur*, reactiv*, recuper*, volvi*, vuelt*, vuelv*, volver*, regres*, reaparec*, retorn*, readmit*, devuelt*, devolvi*, rehabilit*, "
    "desbloque*, repuest*",
    "rétabli*, restaur*, réactiv*, revenu*, revenir, revien*, revinrent, retour, retourn*, récupér*, réappar*, réintégr*, débloqu*, restitu*, rouvert*, remis en ligne, "
    "remises en ligne, retrouv*",
    "restabelec*, reativ*, voltar*, voltou, voltam, voltado, de volta, retorn*, regress*, reaparec*, devolvid*, devolv*, desbloque*, reintegr*, recuperad*",
    "استعاد*, استعيد*, استرجع*, استرجاع, استرداد, استرد*, اعاد*, اعيد*, يعاد, تعاد, عاد, عادت, عادوا, تعود, يعود, يعودوا, يعد, تعد, عوده, رجع*, ارجاع, رجوع, يرجع, ترجع, "
    "اعاده",
)  # fmt: skip
LOST: Final = _phrases(
    "lose, loses, lost, losing, loss, losses, fell by, down by, went down by, shed, bled, fewer followers, followers fewer, dropped, drop, dropping, decline*, decreas*",
    "perdi*, perder, perdía, perdida, pérdida*, pierde*, baj*, descen*, disminu*, seguidores menos, cuentas menos, menos seguidores",
    "perd*, perte*, baiss*, chut*, diminu*, recul*, de moins, en moins",
    "perde*, perdeu, perderam, perdido, perda*, perdas, baix*, a menos",
    "فقد*, يفقد, تفقد, فقدان, خسر*, يخسر, تخسر, خساره, انخفض*, تراجع*, هبط*",
)  # fmt: skip
GAINED: Final = _phrases(
    "gain*, new followers, won, ganó, ganaron, gana, ganado, sumó, sumaron, gagn*, ganhou, ganharam, ganho*, كسب*, اكتسب*, يكسب, تكسب, زاد*, زياده"
)
#: Still out of sight.
MISSING: Final = _phrases(
    "still suspended, remain suspended, remained suspended, remains suspended, still missing, still gone, still down, still banned, remain missing",
    "siguen suspendid*, sigue suspendid*, continúan suspendid*, permanecen suspendid*, siguen cerrad*, siguen sin volver, siguen sin aparecer, siguen desaparecid*, aún suspendid*, "
    "todavía suspendid*",
    "restent suspendu*, toujours suspendu*, encore suspendu*, sont toujours suspendu*, demeurent suspendu*, toujours absent*",
    "seguem suspens*, continuam suspens*, permanecem suspens*, ainda suspens*, ainda estão suspens*, continuam fora",
    "لا تزال معلقه, ما زالت معلقه, لا يزال معلق*, ما زال معلق*, لا تزال موقوفه",
)  # fmt: skip

#: With these before it, a fall lasts.
STILL: Final = _phrases(
    "still, remain, remains, remained, siguen, sigue, seguían, continúan, continúa, permanecen, aún, todavía, restent, reste, toujours, demeurent, seguem, segue, continuam, permanecem, ainda, "
    "ما زال*, لا يزال*, لا تزال, لا زال*, ما يزال*, ما تزال, مازال*"
)

# -- to whom ----------------------------------------------------------------------------------------------------------

ACCOUNTS: Final = _phrases(
    "account, accounts, accts, cuenta, cuentas, compte, comptes, conta, contas, حساب, حسابات, حسابا, حسابين, حسابان, حسابه, حسابها, حسابهم, حساباتهم, perfil, perfiles, perfis, profil, profils, profile, profiles, user, users, "
    "usuari*, utilisateur*, utilisatrice*, utilizador*, مستخدم*, people, persons, personas, personnes, pessoas, اشخاص, شخص, tuiteros, tuiteiros, twitteros, internaut*, handles, usernames"
)
FOLLOWERS: Final = _phrases(
    "follower, followers, seguidor, seguidores, seguidora, seguidoras, abonné, abonnés, abonnée, abonnées, abonne, abonnes, متابع*, fans, suiveurs, audience"
)
#: Things counted that are no accounts.
OTHER: Final = _phrases(
    "tweet, tweets, tuit, tuits, tuítes, tweets, post, posts, message, messages, mensaje, mensajes, mensagem, mensagens, publicac*, publicaç*, publication*, تغريد*, منشور*, رساله, رسائل, retweet*, retuit*, "
    "report, reports, denuncia, denuncias, denúncia*, signalement*, plainte*, queja*, complaint*, بلاغ*, شكوي, شكاوي, country, countries, país, países, pays, دوله, دول, hashtag*, like, likes, vote, votes, voto, votos, "
    "page, pages, página, páginas, video, videos, vídeo*, foto*, photo*, article*, artículo*, artigo*, مقال*, dollar*, dólar*, euro*, bolívar*, دولار, km, kilómet*, kilomet*, degrees, characters, caracteres, caractères, "
    "word, words, palabra*, palavra*, mots, year, years, año, años, ans, anos, سنه, سنوات, عام, عاما, عامين, hashtags, question*, pregunta*, pergunta*, reasons, razones, raisons, razões, points, puntos, pontos, time, times, vez, veces, "
    "fois, vezes, مره, مرات, city, cities, ciudad*, cidade*, ville*, wave, waves, ola, olas, vague, vagues, onda, ondas, موجه, موجات, link, links, enlace*, lien, liens, part, parts, million de dollars"
)
#: Groups a record does not know by itself: how many of them fell is known only within bounds.
GROUPS: Final = _phrases(
    "opposition, opponents, opponent, opposing, oposición, opositor*, oposit*, oposição, opposant*, معارض*, معارضه, chavis*, oficialis*, progubern*, pro government, gubernament*, gouvernement*, governist*, "
    "governamenta*, official*, oficial*, officiel*, رسمي*, journalist*, periodist*, jornalist*, صحفي*, صحافي*, reporters, activist*, ativist*, militant*, ناشط*, نشط*, bot, bots, robot*, fake, fakes, falsa*, falso*, faux, "
    "fausse*, وهمي*, politici*, polític*, politique*, سياسي*, deput*, diputad*, député*, lawmaker*, legislador*, نائب, نواب, verified, verificad*, vérifié*, موثق*, women, mujeres, femmes, mulheres, spam, conservative*, liberal*, "
    "conservador*, leftist*, izquierdist*, government, gobierno, governo, حكوم*, president, presidente, presidenta, présidente, président, رئيس, الرئيس, minister, ministra, ministro, ministre, وزير*"
)
#: Hers, his: of the account in question.
POSSESSIVE: Final = _phrases(
    "her, his, its, their, my, your, sus, su, mis, ses, son, sa, leurs, leur, mes, seus, suas, seu, sua, dele, dela"
)
POSSESSIVE_ENDINGS: Final = ("يها", "ها", "يه", "هم", "يهم", "ه")
SPEAKERS: Final = _phrases(
    "according to, says, said, via, rt, by, per, según, dijo, dice, afirma, afirmó, denunció, vía, selon, d'après, dit, a dit, affirme, segundo, disse, diz, afirmou, por, "
    "وفق, وفقا, حسب, قال, قالت, بحسب, ذكرت, ذكر, اعلن*"
)
PLATFORMS: Final = frozenset(
    wordset(
        "@twitter @x @twittersupport @support @safety @twitterla @bluesky @mastodon @meta @facebook @instagram @tiktok @youtube"
    )
)

# -- joints -----------------------------------------------------------------------------------------------------------

NONE: Final = _phrases(
    "none, no one, nobody, not one, not a single, not a single one, not a, not any, neither, ningún, ninguna, ninguno, ningunas, ningunos, nadie, ni una, ni un, ni uno, ni una sola, ni un solo, ni uno solo, "
    "aucun, aucune, personne, pas un, pas une, pas un seul, pas une seule, nul, nulle, nenhum, nenhuma, ninguém, nem uma, nem um, nem um só, nem uma só, لا احد, لا حساب, ولا حساب, ولا واحد, ولا واحده"
)
NOT: Final = _phrases(
    "not, never, n't, wasn't, weren't, didn't, haven't, hasn't, don't, doesn't, isn't, aren't, no, nunca, jamás, tampoco, pas, jamais, point, não, nunca, jamais, لم, لا, لن, ليس, ليست, ما, ولم"
)
NO: Final = _phrases("no")
#: What may stand between "not" and what did not happen.
BETWEEN_NOT: Final = wordset(
    "have has had been be were was is are did do does to ever yet come any se fue fueron ha han habían sido ser están estaba estaban les le lo las los me nos it they them de a ont ete été sont est "
    "avait avaient furent jamais encore foi foram têm tem sido ser estão mais aún todavía ainda plus يتم تتم تم any of the ne n être avoir")  # fmt: skip
AUXILIARIES: Final = wordset(
    "were was are is been have has had be fueron fue son eran eran era han ha sont furent étaient etaient ont ete été c ce foram são eram foi eram era"
)
BUT: Final = _phrases("but, sino, mais, mas, sinon, senão, بل, pero, rather")
ALL: Final = _phrases(
    "all, all of, every, every one of, each of, todos, todas, toda, la totalidad de, tous, toutes, la totalité, a totalidade, كل, جميع, كافه"
)
AND: Final = _phrases(
    "and, y, e, et, و, &, ni, but, pero, mais, mas, while, mientras, tandis, enquanto, whereas, then, luego, puis, depois, ثم, لكن, بينما, sino, بل, que"
)
FROM: Final = _phrases("from, de, desde, des, du, d, من, depuis")
TO: Final = _phrases(
    "to, down to, up to, back to, a, hasta, à, jusqu'à, jusqu a, jusque, au, aux, para, até, الي, حتي, ل"
)
BETWEEN: Final = _phrases("between, entre, بين, from, de, desde, d, من")
BETWEEN_ONLY: Final = _phrases("between, entre, بين")
OF: Final = frozenset(
    folded(w)
    for w in (
        "of",
        "de",
        "d",
        "do",
        "da",
        "dos",
        "das",
        "du",
        "des",
        "del",
        "من",
        "among",
        "entre",
        "parmi",
        "out",
    )
)
ARTICLES: Final = wordset(
    "the a an some these those that this los las el la lo unos unas esos esas estos estas aquellas aquellos les le l ces un une os as o essas esses estas estes um uma ال هذه تلك new suspended total "
    "total número nombre number other otras otros autres outras outros s more más mas plus mais twitter")  # fmt: skip

#: How strictly a number is meant, said before it; longest phrase first.
BEFORE: Final = {
    "at_least": _phrases("at least, no fewer than, no less than, not fewer than, not less than, a minimum of, minimum, al menos, por lo menos, cuando menos, como mínimo, no menos de, nada menos que, un mínimo de, "
        "au moins, pas moins de, pas moins d, au minimum, pelo menos, ao menos, no mínimo, não menos de, não menos que, nada menos que, على الأقل, لا يقل عن, ما لا يقل عن, ليس أقل من, ≥"),
    "more_than": _phrases("more than, over, above, upwards of, well over, in excess of, exceeding, más de, mas de, por encima de, superior a, superan, superaron, supera, más que, plus de, plus d, au delà de, supérieur à, "
        "dépasse, mais de, mais que, acima de, superior a, أكثر من, ما يزيد على, ما يزيد عن, يزيد عن, يزيد على, فوق, يفوق, ما يفوق"),
    "at_most": _phrases("at most, up to, as many as, no more than, not more than, fewer than, less than, under, below, a maximum of, maximum, not even, a lo sumo, hasta, menos de, no más de, como máximo, por debajo de, ni siquiera, un máximo de, "
        "inferior a, au plus, jusqu'à, jusqu a, moins de, moins d, pas plus de, pas plus d, au maximum, no máximo, até, menos de, não mais de, não mais que, não mais do que, abaixo de, على الأكثر, أقل من, لا يزيد عن, لا يزيد على, لا يتجاوز, ما لا يزيد عن, حتى, دون"),
    "almost": _phrases("almost, nearly, close to, just under, just short of, approaching, nigh on, casi, cerca de, poco menos de, presque, près de, près d, quase, perto de, pouco menos de, ما يقارب, قرابة, زهاء, تقريب*, يقارب, نحو من, ما يقرب من, يقرب من"),
    "about": _phrases("about, around, some, roughly, approximately, approx, circa, an estimated, estimated, more or less, something like, unas, unos, alrededor de, aproximadamente, más o menos, en torno a, "
        "aproximadamente unas, entorno a, environ, quelque, quelques, autour de, à peu près, approximativement, plus ou moins, dans les, cerca de, mais ou menos, em torno de, por volta de, uns, umas, cerca de, حوالي, نحو, تقريبا, قرابة, ما يناهز"),
    "exactly": _phrases("only, exactly, just, precisely, merely, no more and no less than, solo, sólo, solamente, exactamente, apenas, únicamente, tan solo, tan sólo, precisamente, seulement, exactement, à peine, précisément, uniquement, "
        "ne que, somente, exatamente, só, unicamente, فقط, بالضبط, مجرد, تحديدا, سوى, إلا"),
}  # fmt: skip
#: "cerca de" is nearly in Spanish and about in Portuguese.
NEARLY_IN_SPANISH: Final = _phrases("cerca de")
#: Said after it.
AFTER: Final = {
    "at_least": _phrases("or more, and counting, at least, o más, y contando, al menos, por lo menos, como mínimo, ou plus, au moins, au minimum, ou mais, pelo menos, no mínimo, أو أكثر, على الأقل, فأكثر"),
    "at_most": _phrases("or fewer, or less, at most, o menos, como máximo, a lo sumo, ou moins, au plus, au maximum, ou menos, no máximo, أو أقل, على الأكثر, فأقل"),
    "about": _phrases("or so, odd, or thereabouts, more or less, approximately, approx, y pico, más o menos, aproximadamente, et quelques, environ, plus ou moins, à peu près, e pouco, e poucos, e tal, mais ou menos, aproximadamente, ونيف, تقريبا, حوالي"),
    "exactly": _phrases("exactly, only, exactamente, solamente, exactement, seulement, exatamente, somente, apenas, بالضبط, فقط, لا غير"),
}  # fmt: skip

# -- shares and comparisons --------------------------------------------------------------------------------------------

PERCENT: Final = _phrases(
    "percent, per cent, pct, por ciento, pour cent, pourcent, por cento, في المئة, في المائة, بالمئة, بالمائة, بالميه, في الميه, في الماية, percentage"
)
FRACTIONS: Final[tuple[tuple[float, tuple[Phrase, ...]], ...]] = (
    (200 / 3, _phrases("two thirds, two third, dos tercios, dos terceras partes, las dos terceras partes, deux tiers, les deux tiers, dois terços, duas terças partes, ثلثا, ثلثي, ثلثين")),
    (75, _phrases("three quarters, three fourths, tres cuartos, tres cuartas partes, trois quarts, três quartos, ثلاثة ارباع, ثلاثه ارباع")),
    (50, _phrases("half, half of, one half of, la mitad, mitad, la moitié, moitié, metade, a metade, نصف")),
    (100 / 3, _phrases("a third, one third, third of, un tercio, una tercera parte, la tercera parte, un tiers, le tiers, um terço, a terça parte, uma terça parte, ثلث")),
    (25, _phrases("a quarter, one quarter, quarter of, a fourth, un cuarto, la cuarta parte, una cuarta parte, un quart, le quart, um quarto, a quarta parte, uma quarta parte, ربع")),
    (20, _phrases("a fifth, one fifth, la quinta parte, una quinta parte, un quinto, un cinquième, um quinto, a quinta parte, uma quinta parte")),
    (10, _phrases("a tenth, one tenth, la décima parte, una décima parte, un décimo, un dixième, um décimo, a décima parte, uma décima parte")),
)  # fmt: skip
MOST: Final = _phrases(
    "most, most of, the majority, majority of, majority, la mayoría, mayoría, la mayor parte, la plupart, la majorité, majorité, la majeure partie, a maioria, maioria, a maior parte, معظم, غالبيه, اغلبيه, اغلب, اكثريه"
)
TWICE: Final[tuple[tuple[float, tuple[Phrase, ...]], ...]] = (
    (2, _phrases("twice as, twice the, twice, double the, double, el doble, doble, le double, o dobro, dobro, ضعف, ضعفي, ضعفا, مرتين, dos veces más, deux fois plus, duas vezes mais")),
    (3, _phrases("triple the, triple, el triple, le triple, o triplo, ثلاثه اضعاف, thrice")),
)  # fmt: skip
TIMES: Final = _phrases("times, veces, fois, vezes, مرات, اضعاف, ضعف, ضعفا, x")
COMPARED: Final = _phrases(
    "as, more, the, más, mayor, superior, el, la, plus, supérieur*, le, mais, maior, o, a, اكثر, عدد, higher, greater, larger, many, ما, من, que"
)
USUAL: Final = _phrases(
    "usual, normal, normally, ordinary, average, other days, the day before, previous day, base rate, lo normal, lo habitual, habitual, de costumbre, promedio, otros días, el día anterior, un día normal, "
    "d'habitude, la normale, habituel*, la moyenne, la veille, autres jours, o normal, o habitual, de costume, a média, média, o dia anterior, outros dias, المعتاد, المعدل, العاده, الطبيعي, اليوم السابق"
)

# -- levels of one account's followers ----------------------------------------------------------------------------------

HAD: Final = _phrases(
    "had, having, counted, tenía, tenia, tenían, contaba con, contaba, avait, comptait, avaient, tinha, tinham, contava com, contava, كان لديها, كان لديه, كان لدي, كان يملك, كانت تملك, كان عدد, كان يتابعها, كان يتابعه, كان"
)
HAS: Final = _phrases(
    "has, have, now has, tiene, tienen, cuenta con, a maintenant, compte désormais, compte maintenant, compte aujourd'hui, a désormais, tem, têm, conta com, لديها, لديه, لدي, يملك, تملك, يبلغ, بلغ, اصبح لديها, اصبح لديه, اصبح"
)
LEFT: Final = _phrases(
    "left, left with, remained, remaining, remains, remain, down to, quedó, quedaron, quedaba, quedaban, queda, quedan, quedar, quedarse, le quedó, restait, restaient, reste, restent, resté*, plus que, "
    "ficou, ficaram, restou, restaram, restava, sobrou, sobraram, يبق, تبق, بقي, تبقي, يتبق, بقيت"
)
NOW: Final = _phrases(
    "now, today, currently, ahora, hoy, actualmente, maintenant, aujourd'hui, désormais, actuellement, agora, hoje, atualmente, الان, اليوم, حاليا"
)
MOVED: Final = _phrases(
    "went, go, goes, going, gone, drop*, fell, fall, falls, falling, fallen, plung*, plummet*, crash*, shrank, shrunk, shrink*, sank, sink*, slump*, reduc*, cut, pass*, tumbl*, div*, slid, collaps*, decline*, decreas*, collapsed, "
    "pasó, pasaron, pasar, pasa, pasando, cay*, baj*, descend*, desplom*, reduj*, se hundió, hundi*, disminuy*, tomb*, chut*, dégringol*, rédui*, fond*, diminu*, effondr*, baiss*, cai*, caí*, despenc*, desab*, reduz*, baix*, diminui*, foi, fue, ficou, quedó, "
    "انخفض*, هبط*, تراجع*, نزل*, انتقل*, تقلص*, هوي, تهاوي, سقط*, تدن*, انهار*, تنخفض, ينخفض"
)
LATER: Final = _phrases(
    "later, afterwards, after, then, back to, up to, rose to, climbed to, recovered to, recovered, regained, más tarde, después, luego, volvió a, subió a, recuperó, tras, plus tard, après, puis, ensuite, remonté à, est remonté, remont*, "
    "mais tarde, depois, em seguida, voltou a, subiu para, recuperou, após, لاحقا, بعد, ثم, عاد الي, ارتفع الي, وصل الي, صعد الي, before climbing, finally, finalmente, enfin, por fim, اخيرا"
)

#: Words that give a language away; what several share weighs less.
TELLS: Final = {
    language: frozenset(folded(w) for w in text.split())
    for language, text in {
        "en": "the accounts account in of were followers follower than more minutes ten at and hours lost was have been came back none half her his within from to with only just over not nobody later had has day by suspended out which are is did they",
        "es": "cuentas cuenta en de los las seguidores minutos fueron más diez el una y hora horas perdió mil ningún ninguna nadie sus del se la mitad que con menos por volvieron cayeron día siguiente después hasta fue casi unas desde al no ciento son han lo su según hace",
        "fr": "comptes compte en les des abonnés minutes ont été plus dix une le et heure heures de mille aucun aucune personne ses du moitié que avec moins sont revenus jours après est dans la un environ près pas n qu d l cent au aux par ce il elle leurs entre selon",
        "pt": "contas conta em dos das seguidores minutos foram mais dez uma o os e hora horas mil perdeu nenhuma nenhum ninguém seus suas do da metade que com menos voltaram dias depois foi no na um até não cerca ao as são pelo pela há dia seguinte",
    }.items()
}
