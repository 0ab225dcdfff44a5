"""The workspace: how long it takes to start, and how long each page of a case takes to be answered.

    python benchmarks/workspace.py CASE [CASE...]

Each page is asked for once and then nine times; the first and the median of the others are printed,
in milliseconds, as a table: by the clock, and in processor time, which other work on the machine
changes less. Before that the list of cases is looked at until the case changed last is read: how
long that takes is printed. `python -m birdfall app` is started ten times: the median until
it prints its address, and until the first page has come. At the end stands the memory of the
server's process. CASE is measured; for a large one:

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
import threading
import time
import urllib.request
from pathlib import Path

from birdfall.app.server import WorkspaceServer
from birdfall.cli.startup import OptionalImports
from birdfall.web import door

PAGES = (
    "", "accounts", "accounts?returned=yes&sort=-acts", "accounts?wave=0&sort=created",
    "accounts/{code}", "network", "network/{name}?sure=all", "network/{name}/group/1", "data",
    "ask", "ask?search=a", "figures", "check", "publish",
)  # fmt: skip
TRIES, STARTS = 9, 10


def ask(browser, address: str) -> tuple[float, float, str]:
    """Milliseconds until a page has come, those of the processor, and the page."""
    start, worked = time.perf_counter(), time.process_time()
    page = browser.open(address).read().decode()
    taken = (time.perf_counter() - start) * 1000
    return taken, (time.process_time() - worked) * 1000, page


def wait_until_read() -> float:
    """Wait until the case is read that was changed last; for how many seconds."""
    start = time.perf_counter()
    while any(thread.name == "preparation" for thread in threading.enumerate()):
        time.sleep(0.1)
    return time.perf_counter() - start


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
        seconds = wait_until_read()
        print(f"the case was read while its list was looked at, in {seconds:.1f} s", flush=True)
        base = f"http://127.0.0.1:{server.port}/en/c/{case.name}/"
        filled = {"code": "1", "name": ""}
        for page in PAGES:
            path = page.format(**filled)
            if "{name}" in page and not filled["name"]:
                continue
            first, first_worked, text = ask(browser, base + path)
            tries = [ask(browser, base + path)[:2] for _ in range(TRIES)]
            later, later_worked = (statistics.median(column) for column in zip(*tries, strict=True))
            print(f"| `{page or 'the answer'}` | {first:.0f} | {later:.0f} "
                  f"| {first_worked:.0f} | {later_worked:.0f} |", flush=True)  # fmt: skip
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
    sys.meta_path.insert(0, OptionalImports())  # as the command `birdfall app` does
    door.MAX_BURST_REQUESTS = 10**6
    for case in sys.argv[1:]:
        print(f"{case}: page | first, ms | again, ms | processor, first | again")
        time_pages(Path(case).resolve())
    time_starts()
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    print(f"peak memory of the server {peak / 1e6:.0f} MB; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
