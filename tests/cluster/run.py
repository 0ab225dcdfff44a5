"""Run the cluster tests on each engine, in an environment of its own.

    python tests/cluster/run.py [--accounts N]

N: accounts of the world that is measured on the engine and on one machine; ten rows to each.

Sail and Apache Spark cannot share one.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = ("tests/cluster/test_engines.py", "tests/cluster/test_run.py")


def run(engine: str) -> int:
    folder = ROOT / f".venv-{engine}"
    python = folder / "bin" / "python"
    if not (folder / ".ready").exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run(
            [*pip, "--require-hashes", "-r", ROOT / "requirements" / f"{engine}.txt"], check=True
        )
        subprocess.run(
            [*pip, "--require-hashes", "-r", ROOT / "requirements" / "build.txt"], check=True
        )
        subprocess.run([*pip, "--no-build-isolation", "--no-deps", "-e", ROOT], check=True)
        (folder / ".ready").touch()
    print(f"== {engine}", flush=True)
    return subprocess.run(
        [python, "-m", "pytest", "-m", "slow or not slow", *TESTS],
        cwd=ROOT,
    ).returncode


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int)
    accounts = parser.parse_args().accounts
    if accounts:
        os.environ["BIRDFALL_CLUSTER_ACCOUNTS"] = str(accounts)
    engines = ["cluster"] + (["spark"] if shutil.which("java") else [])
    sys.exit(max(run(engine) for engine in engines))
