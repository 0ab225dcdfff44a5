"""Print how many sentences of each round of newsroom.csv were answered when first judged."""

import csv
from collections import Counter
from pathlib import Path

LANGUAGES = ("en", "es", "fr", "pt")


def main():
    totals = Counter()
    with (Path(__file__).parent / "newsroom.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            key = (row["round"], row["language"])
            measurable = row["expected"] != "N"
            totals[*key, "of"] += measurable
            totals[*key, "answered"] += measurable and row["first"] == row["expected"]
            totals[row["round"], "wrong"] += row["first"] not in ("N", row["expected"])
    for name in sorted({key[0] for key in totals}):
        cells = [f"{totals[name, la, 'answered']} of {totals[name, la, 'of']}" for la in LANGUAGES]
        print("| " + " | ".join([name, *cells, str(totals[name, "wrong"])]) + " |")


if __name__ == "__main__":
    main()
