"""A browser that looks at the dashboard: Debian's Chromium, driven by playwright.

Skips the test where there is none.
"""

import os
import shutil

import pytest


class Seeing:
    """A context with `page`; `problems` are its errors, `asked` the addresses it asked for."""

    def __init__(self, address):
        self._api = pytest.importorskip("playwright.sync_api")
        self.TimeoutError = self._api.TimeoutError
        self._chromium = (
            os.environ.get("CHROMIUM")
            or shutil.which("chromium")
            or shutil.which("chromium-browser")
        )
        if self._chromium is None:
            pytest.skip("no Chromium here")
        self.address, self.problems, self.asked = address, [], []

    def __enter__(self):
        self._playwright = self._api.sync_playwright().start()
        options = ["--no-sandbox", "--disable-gpu"]
        self._browser = self._playwright.chromium.launch(
            executable_path=self._chromium, args=options
        )
        self.page = self._browser.new_page(viewport={"width": 1280, "height": 900})
        self.page.on(
            "console", lambda m: self.problems.append(m.text) if m.type == "error" else None
        )
        self.page.on("pageerror", lambda e: self.problems.append(str(e)))
        self.page.on("request", lambda r: self.asked.append(r.url))
        return self

    def __exit__(self, *_):
        self._browser.close()
        self._playwright.stop()
