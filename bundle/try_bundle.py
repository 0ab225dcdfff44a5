"""Make a bundle ready and try it: compile its kernels, then go from a pasted table to a measured
answer, with an empty home, an empty PATH and no variable but these.

    python bundle/try_bundle.py dist/bundle/birdfall
"""

import http.cookiejar
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

#: Seconds that a start, and a job, may take at most.
MAX_START_S, MAX_JOB_S = 180, 1200
#: What Windows needs to begin any process.
SYSTEM = ("SYSTEMROOT", "WINDIR")


class Visitor:
    """Somebody in the workspace, by what its pages show."""

    def __init__(self, invitation):
        self.base = re.match(r"http://[^/]+", invitation)[0]
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._browser = urllib.request.build_opener(cookies)
        self.get(invitation[len(self.base) :].replace("/?", "/en/?", 1))

    def get(self, path):
        """The page at a path; where it was led to is kept in `at`."""
        return self._keep(self._browser.open(self.base + path))

    def send(self, path, **fields):
        """Send a form of the last page."""
        word = re.search(r'name="word" value="([0-9a-f]+)"', self.page)[1]
        data = urllib.parse.urlencode({"word": word, **fields}).encode()
        return self._keep(
            self._browser.open(urllib.request.Request(self.base + path, data, self._origin()))
        )

    def wait_for_job(self, case):
        """Wait until a job has led on."""
        for _ in range(MAX_JOB_S):
            page = self.get(f"{case}/job")
            if not self.at.endswith("/job"):
                return page
            if 'class="state failed"' in page or 'class="state cut-off"' in page:
                sys.exit(f"the job failed:\n{re.sub('<[^>]+>', ' ', page)[-1500:]}")
            time.sleep(1)
        sys.exit(f"the job is not done after {MAX_JOB_S} s")

    def _origin(self):
        return {"Origin": self.base}

    def _keep(self, answer):
        self.at, self.page = answer.url, answer.read().decode()
        return self.page


def night():
    """A table of suspensions: one each minute, and two hundred within one."""
    rows = [f"a{n}\t2024-03-01T{n // 60:02}:{n % 60:02}:00Z" for n in range(600)]
    rows += [f"b{n}\t2024-03-02T03:00:{n % 60:02}Z" for n in range(200)]
    return "\n".join(["account\tsuspended_at", *rows])


def main():
    program = (Path(sys.argv[1]) / "birdfall").resolve()
    program = program.with_suffix(".exe") if os.name == "nt" else program
    kept = {name: os.environ[name] for name in SYSTEM if name in os.environ}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        clean = {"HOME": home, "USERPROFILE": home, "PATH": "", **kept}
        run = {"env": clean, "cwd": home}
        begin = time.monotonic()
        subprocess.run([program, "-m", "birdfall.kernels.compile"], check=True, **run)
        print(f"kernels: {time.monotonic() - begin:.0f} s")
        begin = time.monotonic()
        with subprocess.Popen(
            [program, "app", "--no-browser"], stdout=subprocess.PIPE, text=True, **run
        ) as app:
            try:
                try_journey(app, begin)
            finally:
                app.terminate()
    size = sum(p.stat().st_size for p in program.parent.rglob("*") if p.is_file())
    print(f"{program.parent}: {size / 1e6:.0f} MB, opened and used from an empty home")


def try_journey(app, begin):
    """From the address that is printed to the answer."""
    invitation = ""
    while "http://" not in invitation:
        if app.poll() is not None or time.monotonic() - begin > MAX_START_S:
            sys.exit("the bundle printed no address")
        invitation = app.stdout.readline().strip()
    visitor = Visitor(invitation)
    print(f"first page: {time.monotonic() - begin:.1f} s")
    visitor.send("/en/begin", table=night(), title="night")
    case = "/en/c/night"
    visitor.send(f"{case}/take-in")
    visitor.wait_for_job(case)
    begin = time.monotonic()
    visitor.send(f"{case}/ask", title="night", question="")
    page = visitor.wait_for_job(case)
    answer = re.sub("<[^>]+>", "", re.search("<h1>(.*?)</h1>", page)[1])
    print(f"answer after {time.monotonic() - begin:.0f} s: {answer}")
    if "200 accounts were suspended" not in answer:
        sys.exit("this is not the answer of the data that was given")


if __name__ == "__main__":
    main()
