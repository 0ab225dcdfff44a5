"""Published figures alone make a case: which can be true together, and what they cannot tell."""

FACTS = """id,when_local,said_by,quantity,relation,value,unit,window,population,kind,source,url
1,2020-03-01,agency,level,exactly,1000000,followers,,@leader,level,,
2,2020-06-09,agency,level,exactly,1200000,followers,,@leader,level,,
3,2020-03-01,agency,level,exactly,2000000,followers,,@other,level,,
4,2020-06-09,agency,level,exactly,2150000,followers,,@other,level,,
5,2020-06-10,minister,lost,almost,7000,accounts,ten minutes,followers of @leader,gross,,
6,2020-06-10,newspaper,lost,almost,20000,accounts,ten minutes,followers of @leader,gross,,
7,2020-06-10,counter,net change,exactly,-5000,followers,day,@leader,net,,
8,2020-06-10,counter,net change,exactly,-100,followers,day,@other,net,,
"""


def test_figures_without_any_account_are_reconciled(run, tmp_path):
    (tmp_path / "facts.csv").write_text(FACTS)
    done = run(
        "run", "--facts", tmp_path / "facts.csv", "-o", tmp_path / "case", "--lang", "en", check=0
    )
    assert (
        "7,000 (gross) and 5,000 (net) differ by 2,000, which ordinary growth explains."
        in done.stdout
    )
    page = (tmp_path / "case" / "reports" / "report.html").read_text("utf-8")
    assert "not consistent with ordinary growth" in page and "20,000" in page
    run("verify", tmp_path / "case", check=0)


def test_nothing_at_all_is_refused(run, tmp_path):
    assert "nothing to run on" in run("run", "-o", tmp_path / "case", check=2).stderr
