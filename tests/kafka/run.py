"""Run the tests of Kafka in an environment of their own, with a broker that comes as a package.

Says so where it cannot be had.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    folder = ROOT / ".venv-kafka"
    python = folder / "bin" / "python"
    if not (folder / ".ready").exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        try:
            subprocess.run(
                [*pip, "--require-hashes", "-r", ROOT / "requirements" / "kafka.txt"], check=True
            )
        except subprocess.CalledProcessError:
            print(
                "the broker and its clients cannot be installed here: "
                "the tests of Kafka were not run"
            )
            return 0
        subprocess.run(
            [*pip, "--require-hashes", "-r", ROOT / "requirements" / "build.txt"], check=True
        )
        subprocess.run([*pip, "--no-build-isolation", "--no-deps", "-e", ROOT], check=True)
        (folder / ".ready").touch()
    return subprocess.run([python, "-m", "pytest", "tests/kafka"], cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
