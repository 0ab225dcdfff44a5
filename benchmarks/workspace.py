"""The workspace: how long it takes to start, and how long each page of a case takes to be answered.

    python benchmarks/workspace.py CASE [CASE...]

Each page is asked for once and then nine times; the first and the median of the others are printed,
in milliseconds, as a table. `python -m birdfall app` is started ten times: the median until it
prints its address, and until the first page has come. At the end stands the memory of the server's
process. CASE is measured; for a large one:

    birdfall simulate caracas-2013 -o night && birdfall run night
"""

import http.cookiejar
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from birdfall.app.server import WorkspaceServer
from birdfall.web import door

PAGES = (
    "", "accounts", "accounts?returned=yes&sort=-acts", "accounts?wave=0&sort=created",
    "accounts/{code}", "network", "network/{name}?sure=all", "network/{name}/group/1", "data",
    "ask", "ask?search=a", "figures", "check", "publish",
)  # fmt: skip
TRIES, STARTS = 9, 10


def ask(browser, address: str) -> tuple[float, str]:
    """Milliseconds until a page has come, and the page."""
    start = time.perf_counter()
    page = browser.open(address).read().decode()
    return (time.perf_counter() - start) * 1000, page


def new_browser():
    return urllib.request.build_opener(
        urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    )


def time_pages(case: Path) -> None:
    """Print how long each page of a case takes."""
    server = WorkspaceServer(case.parent)
    server.start()
    try:
        time.sleep(5)  # what measures is loaded after the first page had its time
        browser = new_browser()
        ask(browser, server.invitation("/en/"))
        base = f"http://127.0.0.1:{server.port}/en/c/{case.name}/"
        filled = {"code": "1", "name": ""}
        for page in PAGES:
            path = page.format(**filled)
            if "{name}" in page and not filled["name"]:
                continue
            first, text = ask(browser, base + path)
            later = statistics.median(ask(browser, base + path)[0] for _ in range(TRIES))
            print(f"| `{page or 'the answer'}` | {first:.0f} | {later:.0f} |", flush=True)
            code = re.search(r"/accounts/(\d+)\"", text)
            name = re.search(r"/network/([a-z0-9-]+)[?/\"]", text)
            filled["code"] = code[1] if code else filled["code"]
            filled["name"] = name[1] if name else filled["name"]
    finally:
        server.stop()


def time_starts() -> None:
    """Print how long the workspace takes to start, in a folder without cases."""
    printed, shown = [], []
    for _ in range(STARTS):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            process = subprocess.Popen(
                [sys.executable, "-m", "birdfall", "app", "--folder", folder, "--no-browser"],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            )  # fmt: skip
            address = process.stdout.readline().strip()
            printed.append(time.perf_counter() - start)
            ask(new_browser(), address)
            shown.append(time.perf_counter() - start)
            process.terminate()
            process.wait()
    print(f"start to address {statistics.median(printed):.2f} s, to first page "
          f"{statistics.median(shown):.2f} s")  # fmt: skip


def main() -> None:
    door.MAX_BURST_REQUESTS = 10**6
    for case in sys.argv[1:]:
        print(f"{case}: page | first, ms | again, ms")
        time_pages(Path(case).resolve())
    time_starts()
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    print(f"peak memory of the server {peak / 1e6:.0f} MB; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
