"""Charts that a process of its own renders."""

import os
import subprocess
import sys

import pytest

from birdfall.model.errors import BirdfallError
from birdfall.tell import chart_process, figures

ROWS = [
    {"after_s": 86_400.0 * day, "returned": day / 9, "low": 0.0, "high": 1.0} for day in range(9)
]
SPECS = {
    "a": figures.return_chart(ROWS, 600, 210),
    "b": figures.return_chart(ROWS[:4], 340, 150),
}


@pytest.fixture(autouse=True)
def _nothing_kept():
    chart_process.drawings_of.cache_clear()


def test_another_process_draws_the_same_and_drawings_are_kept(monkeypatch):
    runs, run = [], subprocess.run

    def counted(*given, **options):
        runs.append(run(*given, **options))
        return runs[-1]

    monkeypatch.setattr(subprocess, "run", counted)
    drawn = chart_process.render_elsewhere(SPECS)
    assert len(runs) == 1 and runs[0].stdout
    assert drawn == chart_process.render_all(SPECS)
    drawn.clear()  # what was kept is not what was given
    assert list(chart_process.render_elsewhere(SPECS)) == ["a", "b"] and len(runs) == 1


@pytest.mark.parametrize("code", ["raise SystemExit(3)", "print('no drawings')"])
def test_what_a_process_does_not_draw_is_drawn_here(monkeypatch, code):
    run = subprocess.run

    def broken(_command, **options):
        return run([sys.executable, "-S", "-c", code], **options)

    monkeypatch.setattr(subprocess, "run", broken)
    assert chart_process.render_elsewhere(SPECS) == chart_process.render_all(SPECS)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_what_is_ended_while_it_draws_is_told_and_not_drawn_here(monkeypatch):
    run, code = subprocess.run, "import os; os.kill(os.getpid(), 9)"
    monkeypatch.setattr(
        subprocess, "run", lambda _, **more: run([sys.executable, "-S", "-c", code], **more)
    )
    monkeypatch.setattr(chart_process, "address_space", lambda: 4_000_000_000)
    monkeypatch.setattr(chart_process, "render_all", None)
    with pytest.raises(BirdfallError, match=r"was ended \(SIGKILL\).*reserves more than 40 GB"):
        chart_process.render_elsewhere(SPECS)


def test_without_charts_no_process_begins(monkeypatch):
    monkeypatch.setattr(subprocess, "run", None)
    assert chart_process.render_elsewhere({}) == {}
