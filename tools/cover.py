"""Photograph the built book for the README: a chapter's live figure, as a reader first meets it.

python tools/cover.py   wants Chromium; writes book/_assets/cover.png
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "book" / "_build" / "html" / "convolution.html"
PICTURE = ROOT / "book" / "_assets" / "cover.png"
ABOVE = 80  # pixels to keep free above the figure, for the header


def main():
    """Open the page, scroll to the figure, take the picture."""
    browser_path = shutil.which("chromium") or sys.exit("The picture wants Chromium.")
    if not PAGE.exists():
        sys.exit("Build the book first: make book")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 840}, color_scheme="light")
        page.goto(PAGE.as_uri())
        figure = page.locator("[data-live]").first
        figure.wait_for(timeout=10_000)
        top = figure.evaluate("figure => figure.getBoundingClientRect().top + scrollY")
        page.evaluate("top => scrollTo({top, behavior: 'instant'})", top - ABOVE)
        page.wait_for_timeout(500)  # the sticky header settles
        page.screenshot(path=PICTURE)
        browser.close()
    print(f"wrote {PICTURE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
