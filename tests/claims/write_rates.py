"""Write into docs/methods/claims.md how many sentences of known truth get a verdict, and how many a
wrong one."""

import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "claims")]

from claim_grammar import LANGUAGES  # noqa: E402
from known_cases import CARACAS, CASES  # noqa: E402
from test_claim_truth import HARD, WRITTEN, generated, told  # noqa: E402

PAGE = ROOT / "docs" / "methods" / "claims.md"
BEGIN, END = "<!-- rates -->\n", "<!-- end of rates -->"


def counted(rows, source, totals):
    """Add to totals, by construct and language: measurable, answered, wrong, to refuse."""
    for language, text, expected, construct in rows:
        verdict = told(source, text, language)
        key = (construct, language)
        totals[*key, "wrong"] += verdict not in ("N", expected)
        totals[*key, "refuse"] += expected == "N"
        totals[*key, "measurable"] += expected != "N"
        totals[*key, "answered"] += expected != "N" and verdict == expected


def table(totals):
    """The table, a row for each construct and a column for each language."""
    head = ["sentences", *(f"{language}: answered" for language in LANGUAGES), "to refuse", "wrong"]
    rows = ["| " + " | ".join(head) + " |", "| --- " * len(head) + "|"]
    for construct in dict.fromkeys(key[0] for key in totals):
        cells = [
            f"{totals[construct, lang, 'answered']} of {totals[construct, lang, 'measurable']}"
            for lang in LANGUAGES
        ]
        ends = [
            str(sum(totals[construct, lang, what] for lang in LANGUAGES))
            for what in ("refuse", "wrong")
        ]
        rows.append("| " + " | ".join([construct, *cells, *ends]) + " |")
    return "\n".join(rows) + "\n"


def main():
    totals = Counter()
    for name, rows in (("as newspapers write them", WRITTEN), ("meant to mislead", HARD)):
        counted([(*row[:3], name) for row in rows], CARACAS.source(), totals)
    for case in CASES:
        rows = [(*row[:3], f"from a grammar: {row[3]}") for row in generated(case, step=11)]
        counted(rows, case.source(), totals)
    text = PAGE.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    PAGE.write_text(before + BEGIN + table(totals) + END + rest.partition(END)[2], "utf-8")


if __name__ == "__main__":
    main()
