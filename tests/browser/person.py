"""Somebody who opens the workspace by its icon, and goes by what is visible alone."""

import os
import shlex
import subprocess
from pathlib import Path

from playwright.sync_api import expect

from birdfall.app.shortcut import put_shortcut
from birdfall.app.site import AppWords
from birdfall.tell.words import words

#: Milliseconds until a page is there, and until a job is done, on a slow machine.
PAGE_MS, JOB_MS = 120_000, 900_000
SOURCE = str(Path(__file__).resolve().parents[2] / "src")


class Icon:
    """The icon on the desktop of an empty profile. home: the folder of the profile."""

    def __init__(self, home):
        (home / "Desktop").mkdir(parents=True)
        icon = put_shortcut(None, home / "Desktop")
        (line,) = (x for x in icon.read_text("utf-8").splitlines() if x.startswith("Exec="))
        self.command = [word.replace("%%", "%") for word in shlex.split(line[5:])]
        self.home, self.process = home, None

    def open(self):
        """Start it as a double click does; the address that the browser is given."""
        self.process = subprocess.Popen(
            [*self.command, "--no-browser"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, "HOME": str(self.home), "PYTHONPATH": SOURCE},
        )  # fmt: skip
        return self.process.stdout.readline().strip()

    def kill(self):
        """Take the server away at once, as a fault or a pulled plug does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None


class Person:
    """Somebody at a page. What they do is counted: each press, choice or entry is one step.

    Parameters
    ----------
    page
        The page of their browser.
    icon
        What they open it with.
    language
        In which they read it.
    loses_server
        Whether the server is killed in the middle.
    """

    def __init__(self, page, icon, language, *, loses_server=False):
        self.page, self.icon, self.loses_server = page, icon, loses_server
        self.word = AppWords(words(language))
        self.count = 0

    def open(self):
        """The icon, and the first page behind it."""
        self.count += 1
        self.page.goto(self.icon.open())
        assert "token" not in self.page.url

    def middle(self, *way_back):
        """Where the server is killed, if it is: the way back to where the person was."""
        if not self.loses_server:
            return
        self.icon.kill()
        self.open()
        for name in way_back:
            self._click(self.page.get_by_role("link", name=name, exact=True).first)

    def press(self, key, role="button", **values):
        """Press what bears these words."""
        self.press_named(self.word(key, **values), role)

    def press_named(self, name, role="link"):
        """Press what is called so."""
        self._click(self.page.get_by_role(role, name=name, exact=isinstance(name, str)).first)

    def press_at(self, selector):
        """Press what stands there: one of several with words of its own."""
        self._click(self.page.locator(selector).first)

    def _click(self, place):
        self.count += 1
        place.click()

    def enter(self, key, text, nth=0):
        """Write into a field."""
        self.count += 1
        self.page.get_by_label(self.word(key)).nth(nth).fill(text)

    def choose(self, key, option, nth=0):
        """Choose from a menu."""
        self.count += 1
        self.page.get_by_label(self.word(key), exact=True).nth(nth).select_option(option)

    def give(self, key, path):
        """Give a file."""
        self.count += 1
        self.page.get_by_label(self.word(key), exact=True).first.set_input_files(path)

    def sees(self, key, **values):
        """Wait until these words are there."""
        expect(self.page.get_by_text(self.word(key, **values)).first).to_be_visible()

    def hand_over(self, path):
        """A file, until its page says what it is."""
        self.give("begin.files", path)
        self.press("begin.go")
        self.sees("data.title")

    def say_zone(self, zone):
        """Answer where the times were written."""
        self.choose("data.whichzone", zone)
        self.press("data.answer")

    def measure(self):
        """From what the files are to the measured case, with nothing chosen."""
        self.press("data.takein")
        self.page.wait_for_url("**/ask", timeout=JOB_MS)
        self.press("ask.run")

    def reads_the_answer(self):
        """Wait for the answer."""
        expect(self.page.locator("#h-quote")).to_be_visible(timeout=JOB_MS)

    def print_report(self):
        """From any page of the case to the report on paper; its text."""
        self.press("rail.publish", "link")
        self.press("publish.open", "link")
        expect(self.page.locator("article h1").first).to_be_visible()
        printed = self.page.pdf()
        self.count += 1
        assert printed.startswith(b"%PDF") and len(printed) > 20_000
        return self.page.locator("body").inner_text()
