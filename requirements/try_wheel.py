"""Install the built wheel into an empty environment with pinned hashes and run the demo from it.

A wheel can lack a file that the checkout has (a template, a word list); nothing else would notice.
"""

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    wheels = sorted((ROOT / "dist").glob("birdfall-*.whl"))
    if len(wheels) != 1:
        sys.exit(
            f"dist/ holds {len(wheels)} wheels, not one. Remove dist/ and run `make wheel` again."
        )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venv.create(folder / "env", with_pip=True)
        scripts = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
        pip = [scripts / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        # nothing of this checkout may be found by chance
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
        run = {"check": True, "cwd": folder, "env": clean}
        subprocess.run([*pip, "--require-hashes", "-r", ROOT / "requirements" / "base.txt"], **run)
        subprocess.run([*pip, "--no-deps", wheels[0]], **run)
        birdfall = scripts / "birdfall"
        version = subprocess.run([birdfall, "--version"], capture_output=True, text=True, **run)
        if version.stdout.strip() not in wheels[0].name:
            sys.exit(f"the wheel {wheels[0].name} says that it is version {version.stdout.strip()}")
        subprocess.run([birdfall, "demo", "-o", "birdfall-demo"], **run)
        report = folder / "birdfall-demo" / "report.html"
        if report.stat().st_size < 100_000:
            sys.exit(f"the demo's report has {report.stat().st_size} bytes")
        subprocess.run([birdfall, "verify", "birdfall-demo"], **run)
    print(f"{wheels[0].name}: installed into an empty environment, demo run and verified")


if __name__ == "__main__":
    main()
