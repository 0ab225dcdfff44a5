"""Alert channels and handoff formats of another package, found by entry points, work like those
that are built in."""

import http.client
import json
from dataclasses import replace

import pytest

from birdfall.cli.export import export
from birdfall.cli.watching import propose
from birdfall.model.errors import UsageError
from birdfall.watch.alerts import channels as channel_module
from birdfall.watch.alerts import rules as rules_module
from birdfall.watch.alerts.channels import channel_kinds
from birdfall.watch.alerts.delivery import Courier, raise_alert
from birdfall.watch.alerts.handoff import export_wave, format_names, is_table
from birdfall.watch.alerts.rules import Channel, load_rules
from birdfall.watch.model.alert import ReturnsAlert
from birdfall.watch.model.events import Status, StreamBatch
from birdfall.watch.model.stream_key import ALL_FALLS
from birdfall.watch.model.wave import SuspensionDetails
from birdfall.watch.store.database import State
from birdfall.watch.store.ingest import ingest_batch
from birdfall.watch.store.queries.waves import find_wave, insert_wave

T = 1_700_000_000_000_000
PLUGIN = """
from birdfall.model.errors import UsageError


class FileChannel:
    required = ("path",)
    optional = ("prefix",)

    def check(self, values):
        if not values["path"].endswith(".txt"):
            raise UsageError("path must end with .txt")

    def send(self, values, message):
        with open(values["path"], "a") as file:
            head = values.get("prefix", "") + message.headline
            print(head, message.to_text(), sep="|", file=file)


class AccountLines:
    is_table = False

    def write(self, export):
        assert export.moderator == "did:mod"
        return "".join(f"{a.account} {a.status_now}" + chr(10) for a in export.accounts())


file_channel, account_lines = FileChannel(), AccountLines()
"""


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """An installed package that registers a channel kind and a format."""
    site = tmp_path / "site"
    about = site / "alertplugin-1.0.dist-info"
    about.mkdir(parents=True)
    (site / "alertplugin.py").write_text(PLUGIN)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: alertplugin\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        "[birdfall.alert_channels]\nfile = alertplugin:file_channel\n"
        "stdout = alertplugin:file_channel\n"
        "[birdfall.handoff_formats]\nlines = alertplugin:account_lines\n"
    )
    monkeypatch.syspath_prepend(str(site))


def rules_file(tmp_path, channel):
    path = tmp_path / "rules.toml"
    path.write_text(
        '[[rule]]\nname = "r"\non = "returns"\nnotify = ["f"]\n'
        f'[channel.f]\nkind = "file"\n{channel}'
    )
    return path


@pytest.mark.usefixtures("plugin")
def test_an_alert_goes_through_another_packages_channel(tmp_path):
    out = tmp_path / "alerts.txt"
    rules, channels = load_rules(rules_file(tmp_path, f'path = "{out}"\nprefix = "> "'))
    state = State.open(tmp_path / "w.sqlite")
    with state.transaction():
        raise_alert(state, ReturnsAlert(wave=3, fallen=60, returned=30), rules, T)
    Courier(str(tmp_path / "w.sqlite"), channels).deliver(state)
    said, _, payload = out.read_text().partition("|")
    assert said == "> Wave 3: accounts come back"
    assert json.loads(payload)["numbers"] == {"wave": 3, "fallen": 60, "returned": 30}
    assert state.connection.execute("SELECT done FROM deliveries").fetchone()[0]


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize(
    ("channel", "said"),
    [
        ("", "channel 'f' needs 'path'"),
        ('path = "x.csv"', "channel 'f': path must end with .txt"),
        ('path = "x.txt"\nurl = "y"', "channel 'f': unknown key 'url'"),
    ],
)
def test_what_is_wrong_with_its_table_is_said_when_rules_are_read(tmp_path, channel, said):
    with pytest.raises(UsageError, match=said):
        load_rules(rules_file(tmp_path, channel))


def test_a_kind_that_nobody_brings_is_refused_with_those_there_are(tmp_path):
    with pytest.raises(UsageError, match="stdout, webhook, ntfy, email, kafka"):
        load_rules(rules_file(tmp_path, 'path = "x.txt"'))


@pytest.mark.usefixtures("plugin")
def test_what_is_built_in_is_not_replaced():
    assert channel_kinds() == ("stdout", "webhook", "ntfy", "email", "kafka", "file")
    assert format_names()[-1] == "lines"
    assert not is_table("lines")


@pytest.mark.usefixtures("plugin")
def test_a_wave_is_exported_in_another_packages_format(tmp_path):
    state = State.open(tmp_path / "w.sqlite")
    with state.transaction():
        steps = [StreamBatch(T + i, (Status(f"a{i}", "suspended", T + i),)) for i in range(3)]
        ingest_batch(state, "s", [*steps, StreamBatch(T + 9, (Status("a1", "active", T + 9),))])
        number = insert_wave(
            state,
            stream=ALL_FALLS,
            begin=T,
            opened=T,
            closed=T + 8,
            fallen=3,
            returned=1,
            expected=0.0,
            evidence=1.0,
            details=SuspensionDetails(),
        )
    text = export_wave(state, find_wave(state, number), "lines", "did:mod")
    assert text == "a0 suspended\na1 active\na2 suspended\n"
    with pytest.raises(UsageError, match="no form is called 'nothing'"):
        export_wave(state, find_wave(state, number), "nothing")


@pytest.mark.parametrize(
    "error", [RuntimeError("full"), http.client.BadStatusLine("x"), http.client.IncompleteRead(b"")]
)
@pytest.mark.parametrize("place", ["find", "send"])
def test_whatever_a_channel_raises_is_kept_and_other_alerts_go_out(
    tmp_path, monkeypatch, capsys, error, place
):
    def fail(*_):
        raise error

    class Broken:
        send = staticmethod(fail)

    find = channel_module.find_channel
    broken = fail if place == "find" else lambda _: Broken()
    monkeypatch.setattr(
        "birdfall.watch.alerts.delivery.find_channel",
        lambda kind: broken(kind) if kind == "broken" else find(kind),
    )
    path = tmp_path / "rules.toml"
    path.write_text('[[rule]]\nname = "r"\non = "returns"\nnotify = ["stdout"]\n')
    (rule,), channels = load_rules(path)
    state = State.open(tmp_path / "w.sqlite")
    with state.transaction():
        rule = replace(rule, notify=("a", "stdout"))
        raise_alert(state, ReturnsAlert(wave=3, fallen=60, returned=30), [rule], T)
    told = []
    channels = [Channel("a", "broken", {}), Channel("stdout", "stdout", {})]
    Courier(str(tmp_path / "w.sqlite"), channels, told.append).deliver(state)
    assert '"wave": 3' in capsys.readouterr().out
    assert len(told) == 1 and type(error).__name__ in told[0]
    kept = dict(state.connection.execute("SELECT channel, said FROM deliveries"))
    assert kept["a"].startswith(type(error).__name__) and not kept["stdout"]


@pytest.mark.parametrize("given", ["12345", "true", "1.5"])
def test_only_a_port_may_be_a_number(tmp_path, given):
    path = tmp_path / "rules.toml"
    rule = '[[rule]]\nname = "r"\non = "falls"\nnotify = ["h"]\n[channel.h]\n'
    path.write_text(f'{rule}kind = "webhook"\nurl = "https://x.example"\nsecret = {given}\n')
    with pytest.raises(UsageError, match="secret must be a text"):
        load_rules(path)
    path.write_text(f'{rule}kind = "email"\nserver = "s"\nsender = "a"\nto = "b"\nport = 587\n')
    assert load_rules(path)[1][-1].values["port"] == "587"


def test_the_example_of_the_rules_is_toml(tmp_path, monkeypatch):
    monkeypatch.setenv("BIRDFALL_WEBHOOK_SECRET", "s")
    path = tmp_path / "rules.toml"
    path.write_text(rules_module.__doc__.partition("\n")[2])
    (rule,), _ = load_rules(path)
    assert (rule.name, rule.at_least, rule.notify) == ("our readers", 20, ("stdout", "webhook"))


def test_a_wrong_form_is_said_before_anything_is_opened(tmp_path):
    with pytest.raises(UsageError, match=r"no form is called 'x'.*ozone.*reporters"):
        propose(tmp_path / "none", 1, form="x")
    with pytest.raises(UsageError, match=r"no format 'x'.*csv .*parquet .*sqlite"):
        export(tmp_path / "none", format="x", out=tmp_path / "out")
