"""Published figures alone make a case: which can be true together, and what they cannot tell."""

from small_cases import FACTS


def test_figures_without_any_account_are_reconciled(run, tmp_path):
    (tmp_path / "facts.csv").write_bytes(FACTS)
    done = run(
        "run", "--facts", tmp_path / "facts.csv", "-o", tmp_path / "case", "--lang", "en", check=0
    )
    assert "@leader lost 6,200 to 7,800 followers on 10 June 2020" in done.stdout
    assert "can be true: almost 7,000. Figures that cannot be true: almost 20,000." in done.stdout
    assert "The net change of −5,000 that a counter showed does not contradict this" in done.stdout
    page = (tmp_path / "case" / "reports" / "report.html").read_text("utf-8")
    assert "not consistent with ordinary growth" in page and "20,000" in page
    run("verify", tmp_path / "case", check=0)


def test_nothing_at_all_is_refused(run, tmp_path):
    assert "nothing to run on" in run("run", "-o", tmp_path / "case", check=2).stderr
