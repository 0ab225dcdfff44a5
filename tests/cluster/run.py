"""Run the cluster tests on each engine, in an environment of its own.

Sail and Apache Spark cannot share one.
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


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
        [python, "-m", "pytest", "tests/cluster/test_engines.py"], cwd=ROOT
    ).returncode


if __name__ == "__main__":
    engines = ["cluster"] + (["spark"] if shutil.which("java") else [])
    sys.exit(max(run(engine) for engine in engines))
