"""The share of automated or bought accounts in a group, on two labelled sets of profiles.

Each method is tried on the set it does not know.

    python benchmarks/automation.py FOLDER [seeds]

FOLDER holds mib-2015.csv.gz and nyu-2017.csv.gz. Rows: a depth-3 tree that counts, a logistic model
with its prevalence adjusted (Saerens, Latinne and Decaestecker 2002), both trained on the other
set; and the measure, which learns from no labels and compares the group with other people of the
same set. Printed per set and true share: mean, mean error; for the measure how often the truth lies
between its bounds, how wide they are, and how often they say that some are there. Of the bought
followers the inauthentic share is asked, of the classroom bots the automated one: that is what they
were labelled for.

    python benchmarks/automation.py worlds [seeds]

prints the same on simulated waves, where timing is known too: per scenario and share how often the
truth lies within the bounds.
"""

import csv
import datetime as dt
import gzip
import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from birdfall.measures.automation.measure import automation_of_accounts
from birdfall.model.findings import Finding
from birdfall.record.record import from_tables
from birdfall.world.simulate import simulate

SETS = {"mib-2015": "fake_follower", "nyu-2017": "bot"}
ASKED = {"mib-2015": "inauthentic", "nyu-2017": "automated"}
SCENARIOS = ("caracas-2013-error", "caracas-2013-purge", "caracas-2013-targeted")
COLUMNS = (
    "posts",
    "followers",
    "following",
    "likes",
    "listed",
    "handle_length",
    "handle_digits",
    "handle_trailing_digits",
    "name_length",
    "description_length",
)
SHARES = (0.0, 0.1, 0.3, 0.5, 0.8)
GROUP = 400
BEFORE = dt.datetime(2018, 1, 1, tzinfo=dt.UTC)


def number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def month(text: str) -> dt.datetime | None:
    for form in ("%Y-%m", "%Y-%m-%d", "%m/%Y"):
        try:
            return dt.datetime.strptime(text.strip(), form).replace(tzinfo=dt.UTC)
        except ValueError:
            continue
    return None


def read(path: Path) -> tuple[np.ndarray, list[dt.datetime | None], list[str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return (
        np.array([[number(r[c]) for c in COLUMNS] for r in rows]),
        [month(r["created"] or "") for r in rows],
        [r["label"] for r in rows],
    )


def features(values: np.ndarray) -> np.ndarray:
    return np.log1p(np.nan_to_num(np.maximum(values, 0)))


def adjusted(model: LogisticRegression, x: np.ndarray, prior: float) -> float:
    """The share by expectation-maximisation on a trained model's probabilities."""
    p = np.clip(model.predict_proba(x)[:, 1], 1e-6, 1 - 1e-6)
    share = prior
    for _ in range(500):
        a, b = p * share / prior, (1 - p) * (1 - share) / (1 - prior)
        new = float((a / (a + b)).mean())
        if abs(new - share) < 1e-9:
            break
        share = new
    return share


def measured(
    values: np.ndarray, created: list[dt.datetime | None], group: np.ndarray, controls: np.ndarray
) -> Finding:
    """The measure on a record of these accounts, of which `group` fell."""
    chosen = np.concatenate([group, controls])

    def whole(name: str) -> list[int | None]:
        column = values[chosen, COLUMNS.index(name)]
        return [None if not np.isfinite(v) or v < 0 else int(v) for v in column]

    digits, described = whole("handle_trailing_digits"), whole("description_length")
    names = [f"account{i}" for i in range(len(chosen))]
    accounts = pa.table(
        {
            "account": names,
            "handle": ["h" + "7" * d if d is not None else None for d in digits],
            "created_at": pa.array([created[i] for i in chosen], pa.timestamp("us", tz="UTC")),
            "description": [
                "" if d == 0 else None if d is None else f"own words {i}"
                for i, d in enumerate(described)
            ],
            "followers": pa.array(whole("followers"), pa.int64()),
            "following": pa.array(whole("following"), pa.int64()),
            "posts": pa.array(whole("posts"), pa.int64()),
        }
    )
    statuses = pa.table(
        {
            "account": names[: len(group)],
            "status": ["suspended"] * len(group),
            "observation": ["change"] * len(group),
            "time": pa.array([BEFORE] * len(group), pa.timestamp("us", tz="UTC")),
        }
    )
    record = from_tables({"accounts": accounts, "statuses": statuses})
    return automation_of_accounts(
        record, record.ids.encode(pa.array(names[: len(group)])), int(BEFORE.timestamp() * 1e6)
    )


def simulated(
    name: str, seed: int, *, accounts: int = 30_000, acts: int = 1_200_000
) -> tuple[Finding, dict[str, float]]:
    """The measure on a simulated wave, and the true shares of those who fell."""
    world = simulate(
        name, seed=seed, accounts=accounts, acts=acts, fallen=3_500, fallen_followers=3_300
    )
    record = world.record()
    fell = world.truth["falls"].filter(world.truth["falls"]["wave"])
    state = dict(
        zip(*(world.truth["accounts"][c].to_pylist() for c in ("account", "state")), strict=True)
    )
    ids = fell["account"].to_pylist()
    before = int(fell["time"].cast(pa.int64()).to_numpy().min())
    found = automation_of_accounts(
        record, record.ids.encode(pa.array(ids)), before, leaders=list(world.settings.leaders)
    )
    of = {
        s: sum(state[i] == s for i in ids) / len(ids)
        for s in ("inauthentic", "with app", "by hand")
    }
    return found, {
        "inauthentic": of["inauthentic"],
        "automated_authentic": of["with app"],
        "manual": of["by hand"],
    }


def worlds(seeds: int) -> None:
    for name in SCENARIOS:
        rows: dict[str, list[tuple[float, float, float]]] = {}
        for seed in range(seeds):
            found, truth = simulated(name, 7000 + seed)
            for share, true in truth.items():
                rows.setdefault(share, []).append(
                    (true, float(found[share].low), float(found[share].high))
                )
        for share, drawn in rows.items():
            true, low, high = np.array(drawn).T
            print(
                json.dumps(
                    {
                        "scenario": name,
                        "share": share,
                        "worlds": seeds,
                        "truth_mean": round(float(true.mean()), 3),
                        "low_mean": round(float(low.mean()), 3),
                        "high_mean": round(float(high.mean()), 3),
                        "within_bounds": round(
                            float(((low <= true + 1e-9) & (high >= true - 1e-9)).mean()), 3
                        ),
                    }
                ),
                flush=True,
            )


def main() -> None:
    seeds = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    if sys.argv[1] == "worlds":
        worlds(seeds)
    else:
        labelled(Path(sys.argv[1]), seeds)


def labelled(folder: Path, seeds: int) -> None:
    sets = {name: read(folder / f"{name}.csv.gz") for name in SETS}
    rows = []
    for held, (values, created, labels) in sets.items():
        other = next(n for n in SETS if n != held)
        x, y = features(sets[other][0]), np.array([lab == SETS[other] for lab in sets[other][2]])
        tree = DecisionTreeClassifier(max_depth=3, random_state=0).fit(x, y)
        logistic = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(x, y)
        made = np.array([lab == SETS[held] for lab in labels])
        for share in SHARES:
            said = {"tree": [], "adjusted": [], "visible": []}
            bounds = []
            for seed in range(seeds):
                rng = np.random.default_rng(seed)
                robots, people = (
                    rng.permutation(np.flatnonzero(made)),
                    rng.permutation(np.flatnonzero(~made)),
                )
                count = round(GROUP * share)
                group = np.concatenate([robots[:count], people[: GROUP - count]])
                mine = features(values[group])
                said["tree"].append(float(tree.predict(mine).mean()))
                said["adjusted"].append(adjusted(logistic, mine, float(y.mean())))
                found = measured(values, created, group, people[GROUP - count :])[ASKED[held]]
                said["visible"].append(found.value if found.value is not None else np.nan)
                bounds.append((found.low, found.high))
            low, high = np.array(bounds).T
            rows.append(
                {
                    "held_out": held,
                    "share": share,
                    **{f"{k}_mean": round(float(np.nanmean(v)), 3) for k, v in said.items()},
                    **{
                        f"{k}_error": round(float(np.nanmean(np.abs(np.array(v) - share))), 3)
                        for k, v in said.items()
                    },
                    "within_bounds": float(((low <= share + 1e-9) & (high >= share - 1e-9)).mean()),
                    "low_mean": round(float(low.mean()), 3),
                    "high_mean": round(float(high.mean()), 3),
                    "some_seen": float((low > 0).mean()),
                }
            )
            print(json.dumps(rows[-1]), flush=True)


if __name__ == "__main__":
    main()
