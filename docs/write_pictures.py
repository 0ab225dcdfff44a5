"""Write docs/images/app.png: the answer of a case as the workspace shows it.

    python docs/write_pictures.py CASE

CASE is measured and stands in a folder of its own; the picture in the documentation is of a
simulated night (`birdfall simulate caracas-2013 -o night && birdfall run night`). It needs
Playwright and Chromium, as the browser tests do.
"""

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from birdfall.app.server import WorkspaceServer

IMAGES = Path(__file__).parent / "images"
WIDTH, HEIGHT = 1280, 860
PAGE_MS = 120_000


def write_picture(case: Path) -> None:
    """Open a case in the workspace and take a picture of its first screen."""
    server = WorkspaceServer(case.parent)
    server.start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
                args=["--no-sandbox", "--disable-gpu"],
            )
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            page.set_default_timeout(PAGE_MS)
            page.goto(server.invitation(f"/en/c/{case.name}/"))
            page.locator("#h-quote").wait_for()
            page.screenshot(path=IMAGES / "app.png")
            browser.close()
    finally:
        server.stop()


if __name__ == "__main__":
    write_picture(Path(sys.argv[1]).resolve())
