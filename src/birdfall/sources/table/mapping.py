"""How the columns of a table become rows of the record: guessed, shown, kept as TOML, used again.

    time_zone = "UTC"           # of times that carry none
    [[emit]]
    table = "statuses"
    columns = {account = "user", time = ["date", "hour"]}
    constants = {status = "suspended", observation = "change"}
    values = {status = {block = "suspended", unblock = "active"}}
    interval = "1d"             # it happened within the day before `time`: fills `after`
    skip_if_null = ["date"]     # rows without it say nothing to this emit, and are not rejected

One row of the file can emit several rows; each emit either takes, skips or rejects it.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from birdfall.model.errors import InputError, UsageError, printable
from birdfall.model.schemas import ACT_KINDS, OBSERVATIONS, STATUSES, TABLES
from birdfall.sources.shared.column_mapping import ColumnMapping, Emit
from birdfall.sources.shared.json_object import JsonObject

#: Columns that hold one word of a list.
WORDS: Final = {"status": STATUSES, "kind": ACT_KINDS, "observation": OBSERVATIONS}
#: What platforms and people call the kinds of acts; small letters.
KIND_WORDS: Final = {
    word: kind
    for kind, names in {
        "post": "original origin tweet toot status publicacion publicación publication publicação "
        "تغريدة منشور",
        "repost": "retweet retweeted rt reblog boost share shared reposted announce retuit "
        "retuiteo compartido partage partagé partilha compartilhamento repostagem مشاركة",
        "reply": "replied replied_to comment respuesta comentario réponse reponse commentaire "
        "resposta comentário رد تعليق",
        "quote": "quoted quote_tweet quotetweet cita citation citação اقتباس",
        "like": "liked favorite favourite favorited fav curtida إعجاب",
        "follow": "followed follows seguimiento seguir siguió abonnement suivre suivi متابعة",
        "unfollow": "unfollowed unfollows désabonnement",
        "report": "reported flag flagged denuncia signalement denúncia بلاغ",
        "block": "blocked bloqueo blocage bloqueio حظر",
        "mention": "mentioned mención mencion menção mencao إشارة",
        "link": "url enlace lien رابط",
        "hashtag": "tag etiqueta وسم هاشتاغ",
    }.items()
    for word in names.split()
} | {
    "quote tweet": "quote",
    "replied to": "reply",
    "dejó de seguir": "unfollow",
    "dejar de seguir": "unfollow",
    "ne plus suivre": "unfollow",
    "deixou de seguir": "unfollow",
    "deixar de seguir": "unfollow",
    "إلغاء المتابعة": "unfollow",
    "me gusta": "like",
    "j'aime": "like",
    "إعادة نشر": "repost",
    "إعادة تغريد": "repost",
}
#: What platforms and people call what became of an account; small letters.
STATUS_WORDS: Final = {
    word: status
    for status, words in {
        "active": "live|exists|ok|normal|available|visible|alive|open|unsuspended|reinstated|"
        "restored|activa|activo|activée|actif|active|ativa|ativo|visible|existe|restaurada|"
        "restaurado|rétabli|rétablie|reativada|reativado|restituida|restituido|نشط|نشطة|مستعاد|"
        "موجود|200|unblock|unblocked|account is active|aktiv|attivo|attiva|unban|unbanned|"
        "unsuspend|"
        "reinstate|reactivate|reactivated|restore|unmute|unsilence|unlimit|lift suspension|"
        "suspension lifted|ban lifted|desbloquear|desbloqueo|desbloqueada|desbloqueado|desbanear|"
        "desbaneada|desbaneado|reactivar|reactivada|reactivado|restaurar|restituir|rehabilitar|"
        "rehabilitada|rehabilitado|readmitida|readmitido|levantar suspensión|rétablir|"
        "rétablissement|réactiver|réactivé|réactivée|réactivation|débloquer|débloqué|débloquée|"
        "déblocage|débannir|débanni|débannie|réintégré|réintégrée|reativar|reativação|restabelecer|"
        "restabelecida|restabelecido|desbloqueio|desbanir|desbanida|desbanido|"
        "إلغاء الحظر|رفع الحظر|"
        "إلغاء التعليق|رفع التعليق|إلغاء الإيقاف|رفع الإيقاف|استعادة|إعادة تفعيل|تفعيل",
        "suspended": "suspend|suspended account|account suspended|account is suspended|"
        "user has been suspended|user has been suspended.|this account has been suspended|"
        "this account is suspended|banned|ban|blocked|63|50|suspendida|suspendido|"
        "cuenta suspendida|la cuenta fue suspendida|cuenta bloqueada|bloqueada|bloqueado|"
        "suspendu|suspendue|compte suspendu|banni|bannie|bloqué|bloquée|suspensa|suspenso|"
        "conta suspensa|banida|banido|موقوف|موقوفة|معلق|معلّق|معلقة|محظور|محظورة|حساب موقوف|"
        "permanently suspended|temporarily suspended|gesperrt|sospeso|sospesa|suspension|"
        "permanent ban|permaban|temporary ban|tempban|temp ban|temp_ban|temporary suspension|"
        "permanent suspension|suspender|suspensión|banear|baneo|baneada|baneado|expulsar|expulsión|"
        "expulsada|expulsado|bloquear|suspendre|bannir|bannissement|exclure|exclusion|exclu|exclue|"
        "bloquer|suspensão|banir|banimento|expulsão|expulsa|expulso|حظر الحساب|تعليق الحساب|إيقاف|"
        "إيقاف الحساب|وقف الحساب",
        "taken_down": "takedown|taken down|takendown|removed|removed by platform|"
        "eliminada por la plataforma|retirada|retirado|removida|removido|"
        "supprimé par la plateforme|"
        "retiré|retirée|مزال",
        "deactivated": "deactivate|disabled by user|desactivada|desactivado|désactivé|désactivée|"
        "desativada|desativado|معطل|معطّل|معطلة|deaktiviert|disattivato|disattivata",
        "deleted": "delete|deleted account|account deleted|borrada|borrado|eliminada|eliminado|"
        "supprimé|supprimée|excluída|excluído|apagada|apagado|محذوف|محذوفة|gelöscht|"
        "cancellato|cancellata",
        "limited": "silenced|limit|silence|restricted|throttled|shadowbanned|"
        "temporarily restricted|"
        "limitada|limitado|restringida|restringido|limité|limitée|restreint|restreinte|restrita|"
        "restrito|silenciada|silenciado|mute|muted|timeout|timed out|silenciar|silencio|"
        "mise en sourdine|"
        "limitar|limiter|restringir|restreindre|restrição|restricción|كتم|تقييد|مقيد|مقيّد|محدود",
    }.items()
    for word in words.split("|")
}
_MAX_SMALL_FILE_BYTES: Final = 16 << 20


def load_mapping(path: str | Path) -> ColumnMapping:
    """A mapping from a TOML file, or one of the ready ones by name.

    Raises UsageError naming what is wrong in it.
    """
    if str(path) in ready_mapping_names():
        return ready_mapping(str(path))
    try:
        text = read_small_file(Path(path)).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError("this mapping is not UTF-8", where=str(path)) from error
    return parse_mapping(text, str(path))


def parse_mapping(text: str, where: str) -> ColumnMapping:
    """A mapping from TOML text. Raises UsageError."""
    try:
        plain = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"this is not TOML: {error}", where=where, fix="Mend the line.") from error
    _check_keys(JsonObject(plain), {"emit", "time_zone", "date_format", "name"}, where)
    emits = plain.get("emit")
    if not isinstance(emits, list) or not emits or not all(isinstance(e, dict) for e in emits):
        raise UsageError("a mapping needs at least one [[emit]]", where=where)
    for key in ("time_zone", "date_format", "name"):
        if not isinstance(plain.get(key, ""), str):
            raise UsageError(f"{key} must be a text", where=where)
    return ColumnMapping(
        tuple(_parse_emit(JsonObject(e), f"{where}, emit {n}") for n, e in enumerate(emits, 1)),
        plain.get("time_zone"),
        plain.get("date_format"),
        plain.get("name", ""),
    )


@cache
def ready_mapping(name: str) -> ColumnMapping:
    """A mapping that comes with Birdfall."""
    text = (
        resources.files("birdfall.sources.table")
        .joinpath("mappings", f"{name}.toml")
        .read_text("utf-8")
    )
    return parse_mapping(text, name)


@cache
def ready_mapping_names() -> tuple[str, ...]:
    """Names of the mappings that come with Birdfall, sorted."""
    folder = resources.files("birdfall.sources.table").joinpath("mappings")
    return tuple(
        sorted(e.name.removesuffix(".toml") for e in folder.iterdir() if e.name.endswith(".toml"))
    )


def read_small_file(path: Path) -> bytes:
    """A file a person wrote, whole. Raises InputError if it cannot be read or is over 16 MiB."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_SMALL_FILE_BYTES + 1)
    except IsADirectoryError as error:
        raise InputError("this is a folder, not a file", where=str(path)) from error
    except FileNotFoundError as error:
        raise InputError("there is no such file", where=str(path), fix="Check the name.") from error
    except OSError as error:
        raise InputError(f"this file cannot be read ({error.strerror})", where=str(path)) from error
    if len(data) > _MAX_SMALL_FILE_BYTES:
        raise InputError(
            "this file is over 16 MiB", where=str(path), why="Nobody writes that by hand."
        )
    return data


def parse_interval(text: str, where: str = "interval") -> dt.timedelta:
    """A duration such as "1d", "6h", "90s". Raises UsageError."""
    match = re.fullmatch(r"(\d+)\s*(s|min|h|d|w)", text)
    if not match or not int(match[1]):
        raise UsageError(
            f"{text!r} is no interval", where=where, fix='Write "1d", "6h", "30min" or "90s".'
        )
    unit = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}[match[2]]
    try:
        return dt.timedelta(**{unit: int(match[1])})
    except OverflowError as error:
        raise UsageError(f"{text!r} is no interval", where=where) from error


def _check_columns(
    table: str, columns: dict[str, tuple[str, ...]], constants: JsonObject, where: str
) -> None:
    """Raise UsageError unless `table` has these columns, and all that it needs."""
    schema = TABLES[table]
    for column in (*columns, *constants.keys()):
        if column not in schema.names or column in ("source", "line"):
            raise UsageError(
                f"{table} has no column {column!r}",
                where=where,
                fix=f"It has: {', '.join(schema.names)}.",
            )
    for column, value in constants.fields.items():
        if not isinstance(value, str):
            raise UsageError(f"the constant {column!r} must be a text", where=where)
        if column in WORDS and column in schema.names and value not in WORDS[column]:
            raise UsageError(
                f"{value!r} is no {column}", where=where, fix=f"Use: {', '.join(WORDS[column])}."
            )
        kind = schema.field(column).type
        if not pa.types.is_string(kind) and not pa.types.is_timestamp(kind):
            raise UsageError(f"{column!r} cannot be constant", where=where)
    missing = [
        f.name for f in schema if not f.nullable and f.name not in {*columns, *constants.keys()}
    ]
    if missing:
        raise UsageError(
            f"{table} needs {', '.join(missing)}", where=where, fix="Give a column or a constant."
        )


def _check_words(plain: JsonObject, values: JsonObject, where: str) -> None:
    """Raise UsageError unless what an emit says of its values, interval and ends are texts."""
    if not all(
        isinstance(v, dict) and all(isinstance(w, str) for w in v.values())
        for v in values.fields.values()
    ):
        raise UsageError("values must be tables of texts", where=where)
    if "interval" in plain and (
        plain.value("table") != "statuses" or plain.text("interval") is None
    ):
        raise UsageError('interval belongs to statuses and is a text like "1d"', where=where)
    for key in ("until", "first_of"):
        if not isinstance(plain.fields.get(key, ""), str):
            raise UsageError(f"{key} must be a text", where=where)


def _parse_emit(plain: JsonObject, where: str) -> Emit:
    _check_keys(plain, set(Emit.__dataclass_fields__), where)
    table = plain.value("table")
    if table not in TABLES or table == "rejected":
        raise UsageError(f"{table!r} is no table", where=where, fix=f"Tables: {', '.join(TABLES)}.")
    columns = _name_lists(plain, "columns", where)
    constants = _section(plain, "constants", where)
    values = _section(plain, "values", where)
    _check_columns(table, columns, constants, where)
    _check_words(plain, values, where)
    return Emit(
        table,
        columns,
        constants.fields,
        {c: dict(v) for c, v in values.fields.items()},
        parse_interval(plain.require("interval"), where) if "interval" in plain else None,
        plain.text("until"),
        _names(plain.fields.get("skip_if_null", []), where),
        _names(plain.fields.get("skip_if_present", []), where),
        _name_lists(plain, "only_if", where),
        _names(plain.fields.get("split", []), where),
        plain.text("first_of"),
        _name_lists(plain, "skip_if", where),
        _patterns(plain, "matching", where),
        _patterns(plain, "not_matching", where),
        _patterns(plain, "extract", where),
        _patterns(plain, "find", where),
        _names(plain.fields.get("handles", []), where),
        _names(plain.fields.get("some_handles", []), where),
        _begin_and_end(_names(plain.fields.get("ordered", []), where), where),
    )


def _begin_and_end(names: tuple[str, ...], where: str) -> tuple[str, ...]:
    """No columns, or two. Raises UsageError for another number."""
    if len(names) not in (0, 2):
        raise UsageError("ordered needs a begin and an end", where=where, fix="Name two columns.")
    return names


def _patterns(plain: JsonObject, key: str, where: str) -> dict[str, str]:
    """Column to regular expression. Raises UsageError for one that cannot be used."""
    found = _section(plain, key, where).fields
    for pattern in found.values():
        try:
            pc.match_substring_regex(pa.array(["x"]), pattern)
        except (pa.ArrowException, TypeError) as error:
            raise UsageError(
                f"{printable(str(pattern), 60)} is no regular expression", where=where
            ) from error
    return dict(found)


def _section(plain: JsonObject, key: str, where: str) -> JsonObject:
    value = plain.fields.get(key, {})
    if not isinstance(value, dict):
        raise UsageError(
            f"{key} must be a table", where=where, fix=f'Write {key} = {{account = "user"}}.'
        )
    return JsonObject(value)


def _name_lists(plain: JsonObject, key: str, where: str) -> dict[str, tuple[str, ...]]:
    return {c: _names(v, where) for c, v in _section(plain, key, where).fields.items()}


def _names(value: Any, where: str) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(v, str) for v in listed):
        raise UsageError(f"{value!r} must be a text or a list of texts", where=where)
    return tuple(listed)


def _check_keys(plain: JsonObject, keys: set[str], where: str) -> None:
    unknown = sorted(plain.keys() - keys)
    if unknown:
        raise UsageError(
            f"unknown key {unknown[0]!r}",
            where=where,
            fix=f"Known keys: {', '.join(sorted(keys))}.",
        )
