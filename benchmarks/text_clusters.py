"""Near-identical texts: texts a second, and the ratio to rensa on the same texts.

    python benchmarks/text_clusters.py [texts]

Synthetic posts in eight scripts with planted copies and edits. rensa (Rust MinHash and LSH) gives
candidates only and wants lists of shingles, which are part of its job here as reducing and
verifying are part of ours. Install it with: pip install rensa
"""

import json
import os
import random
import statistics
import sys
import time

import pyarrow as pa

from birdfall.measures.coordination.text_clusters import (
    character_table,
    cluster_texts,
    reduce_texts,
)

ALPHABETS = (
    (97, 122),
    (97, 122),
    (97, 122),
    (0x430, 0x44F),
    (0x627, 0x64A),
    (0x3B1, 0x3C9),
    (0xAC00, 0xC000),
    (0x905, 0x939),
)


def posts(n: int, seed: int = 3) -> list[str]:
    rng = random.Random(seed)
    words = [
        ["".join(chr(rng.randint(a, z)) for _ in range(rng.randint(2, 9))) for _ in range(6000)]
        for a, z in ALPHABETS
    ]
    texts: list[str] = []
    while len(texts) < n:
        chosen = rng.choice(words)
        post = [chosen[int(6000 * rng.random() ** 2.5)] for _ in range(rng.randint(6, 30))]
        texts.append(" ".join(post))
        if rng.random() < 0.1:
            for _ in range(min(60, int(2 / (rng.random() + 0.02)))):
                edited = list(post)
                if rng.random() < 0.5:
                    edited[rng.randrange(len(edited))] = rng.choice(chosen)
                texts.append(
                    f"@user{rng.randrange(999)} {' '.join(edited)} https://t.co/{rng.getrandbits(40):x}"
                )
    rng.shuffle(texts)
    return texts[:n]


def timed(work, times=3):
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def with_rensa(texts: list[str]) -> None:
    from rensa import RMinHash, RMinHashLSH

    index = RMinHashLSH(threshold=0.8, num_perm=64, num_bands=16)
    hashes = []
    for number, text in enumerate(texts):
        one = RMinHash(num_perm=64, seed=42)
        one.update([text[k : k + 5] for k in range(max(1, len(text) - 4))])
        hashes.append(one)
        index.insert(number, one)
    for one in hashes:
        index.query(one)


def main() -> None:
    n = int(float(sys.argv[1])) if len(sys.argv) > 1 else 200_000
    texts = posts(n)
    array = pa.array(texts)
    cluster_texts(array[:1000])  # compiles
    character_table()
    ours = timed(lambda: cluster_texts(array))
    result = {"texts": n, "load": os.getloadavg()[0], "birdfall_texts_per_s": round(n / ours)}
    try:
        plain = reduce_texts(array)
        few = [plain.text(i) for i in range(min(n, 40_000))]
        theirs = timed(lambda: with_rensa(few), 1)
        result |= {
            "rensa_texts_per_s": round(len(few) / theirs),
            "times_faster": round(n / ours / (len(few) / theirs), 1),
        }
    except ImportError:
        result["rensa"] = "not installed"
    print(json.dumps(result))


if __name__ == "__main__":
    main()
