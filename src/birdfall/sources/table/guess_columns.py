"""What the columns of an unknown table probably are, by their names in five languages.

Always shown, never hidden.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from birdfall.sources.shared.column_mapping import ColumnMapping, Emit
from birdfall.sources.table.mapping import ready_mapping, ready_mapping_names

_NAMES: Final[dict[str, str]] = {
    "account": "account account_id accountid user user_id userid author author_id authorid did "
    "actor username screen_name user_screen_name usuario usuario_id id_usuario cuenta cuenta_id "
    "id_cuenta autor utilisateur id_utilisateur compte auteur usuaria utilizador conta id_conta "
    "perfil المستخدم مستخدم حساب الحساب",
    "time": "time timestamp created_at createdat datetime date_time tweet_time posted_at "
    "published_at ts at when fecha_hora fecha_y_hora momento horodatage date_heure data_hora "
    "carimbo observed_at collected_at date fecha data day dia jour التاريخ تاريخ الوقت وقت",
    "hour": "hour hora heure time_of_day ساعة الساعة",
    "object": "object object_id objectid content_id url link retweeted_id retweet_id "
    "retweet_tweetid retweeted_tweet_id retweeted_status_id repost_id reposted_id reposted_post_id "
    "shared_id shared_post_id shared_url original_id original_post_id original_tweet_id "
    "referenced_id referenced_tweet_id objeto enlace url_compartida id_compartido "
    "id_mensaje_compartido id_del_mensaje_compartido id_publicacion_compartida id_tuit_original "
    "lien objet lien_partage الرابط رابط",
    "act_id": "act_id tweet_id tweetid post_id postid status_id message_id id id_tweet id_mensaje",
    "target": "target target_id target_user mentioned to_user objetivo destino cible alvo",
    "text": "text message content body full_text tweet_text tweet texto mensaje contenido texte "
    "contenu mensagem conteudo نص النص",
    "kind": "kind type action act tipo accion acao نوع",
    "status": "status state account_status estado statut etat situacao الحالة حالة",
    "suspended": "suspended_at suspended_observed suspended_on suspension_date suspension_time "
    "fecha_suspension suspendida suspendido date_suspension data_suspensao",
    "reversed": "reversed_at reversed_observed restored_at reinstated_at fecha_restauracion "
    "date_retablissement",
    "follower": "follower follower_id from_id seguidor seguidora abonne متابع",
    "followed": "followed followed_id followee leader followed_user seguido seguida suivi",
    "followers": "followers follower_count followers_count seguidores abonnes متابعون المتابعون",
    "following": "following following_count friends friends_count seguidos abonnements seguindo",
    "posts": "posts post_count statuses_count tweets publicaciones publications publicacoes",
    "handle": "handle screenname alias pseudo",
    "name": "name display_name user_display_name nombre nom nome الاسم",
    "language": "language lang tweet_language idioma langue lingua",
    "client": "client app source_app tweet_client_name cliente",
    "created_at": "account_created account_created_at account_creation_date created joined "
    "fecha_creacion",
    "seen": "seen_at checked_at seen_on observed_on visto vu",
}  # fmt: skip
_ROLE: Final = {name: role for role, names in _NAMES.items() for name in names.split()}


def fold_name(name: str) -> str:
    """A column's name without case, accents and signs."""
    plain = unicodedata.normalize("NFKD", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name))
    plain = "".join(c for c in plain if not unicodedata.combining(c)).casefold()
    return re.sub(r"[^\w]+", "_", plain).strip("_")


def find_ready_mapping(columns: Iterable[str]) -> ColumnMapping | None:
    """A mapping that comes with Birdfall whose columns are all there, the one that uses the most.

    None if none fits.
    """
    names = set(columns)
    fitting = [
        ready_mapping(n)
        for n in ready_mapping_names()
        if ready_mapping(n).used <= names and len(ready_mapping(n).used) >= 3
    ]
    return max(fitting, key=lambda m: (len(m.used), m.name), default=None)


def guess_mapping(columns: Iterable[str]) -> ColumnMapping | None:
    """A mapping by the names of columns; None if they say too little."""
    role: dict[str, str] = {}
    listed = list(columns)
    order = {
        name: position
        for position, name in enumerate(n for names in _NAMES.values() for n in names.split())
    }
    for column in sorted(listed, key=lambda c: order.get(fold_name(c), len(order))):
        found = _ROLE.get(fold_name(column))
        if found:
            role.setdefault(found, column)
    emits = tuple(_emits(role))
    return ColumnMapping(emits, name="guessed") if emits else None


def _emits(role: dict[str, str]) -> Iterable[Emit]:
    def chosen(*names: str) -> dict[str, tuple[str, ...]]:
        return {n: (role[n],) for n in names if n in role}

    when = (
        ((role["time"], role["hour"]) if "hour" in role else (role["time"],))
        if "time" in role
        else None
    )
    if "follower" in role and "followed" in role:
        columns = chosen("follower", "followed") | ({"since": when} if when else {})
        yield Emit("follows", columns, {"observation": "change" if when else "seen"})
        return
    if "account" not in role:
        return
    account = (role["account"],)
    if "suspended" in role:
        for name, status in (("suspended", "suspended"), ("reversed", "active")):
            if name in role:
                yield Emit(
                    "statuses",
                    {"account": account, "time": (role[name],)},
                    {"status": status, "observation": "change"},
                    skip_if_null=(role[name],),
                )
        return
    if "status" in role and ("seen" in role or when):
        seen = "seen" in role or fold_name(role["time"]).startswith(
            ("observed", "collected", "date", "day", "fecha", "dia")
        )
        time = (role["seen"],) if "seen" in role else when
        assert time is not None
        yield Emit(
            "statuses",
            {"account": account, "time": time, "status": (role["status"],)},
            {"observation": "seen" if seen else "change"},
        )
        return
    if when and ("object" in role or "act_id" in role or "text" in role):
        thing = role.get("object") or role.get("act_id") or role["text"]
        columns = {"account": account, "time": when, "object": (thing,)}
        columns |= chosen("text", "target", "language", "client", "act_id", "kind")
        yield Emit(
            "acts",
            columns,
            {} if "kind" in role else {"kind": "repost" if "object" in role else "post"},
        )
        return
    if when and ("followers" in role or "following" in role):
        yield Emit(
            "counts", {"account": account, "time": when} | chosen("followers", "following", "posts")
        )
        return
    profile = chosen("handle", "name", "created_at", "language", "followers", "following", "posts")
    if profile:
        yield Emit("accounts", {"account": account} | profile)
