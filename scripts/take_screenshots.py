"""Takes the pictures of docs/screenshots from a demo that runs: `.venv/bin/python scripts/take_screenshots.py`.

Each screen in light, in dark and on a phone, as its person sees it, signed in by the demo's own button. WebP, so that
the set stays small. A fresh demo shows the same people and stories; figures and days move with the calendar.
"""

from __future__ import annotations

import argparse
import base64
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

OUT = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync", "--hide-scrollbars"]
QUALITY = 82


class Look(NamedTuple):
    """How a screen is looked at: its theme, the size of the window, and how many dots a pixel has."""

    theme: str
    width: int
    height: int
    scale: float


LOOKS = {
    "light": Look("light", 1440, 900, 1.5),
    "dark": Look("dark", 1440, 900, 1.5),
    "phone": Look("light", 390, 844, 2),
}


class Shot(NamedTuple):
    """A screen: its name, whose it is, and where it is (an address, or how it is found once somebody is signed in)."""

    name: str
    who: str
    where: str | Callable[[Page], str]


def first_task(page: Page) -> str:
    """The task at the head of the queue."""
    page.goto("/queue/")
    return str(page.locator(".row[href], .row a[href]").first.get_attribute("href"))


def at_work(page: Page) -> str:
    """The same without the list beside it, as one works through a lane."""
    return f"{first_task(page)}?mode=focus"


def its_account(page: Page) -> str:
    """The account of that task."""
    page.goto(first_task(page))
    return str(page.locator('a[href^="/accounts/"]').first.get_attribute("href"))


SHOTS = (
    Shot("queue", "ana", "/queue/"),
    Shot("task", "ana", at_work),
    Shot("account", "ana", its_account),
    Shot("team", "mara", "/team/"),
    Shot("matrix", "mara", "/policies/ownership/"),
    Shot("authority", "mara", "/policies/authority/"),
    Shot("imports", "otto", "/imports/"),
)


def sign_in(page: Page, who: str) -> None:
    """By the button of the demo's log-in page."""
    page.goto("/login/")
    page.locator(f'button[value="{who}"]').click()
    page.wait_for_selector("#main")


def take(page: Page, path: Path) -> int:
    """What is on the screen, as WebP; how many bytes."""
    page.wait_for_selector("html[data-ready]", state="attached")
    page.wait_for_load_state("networkidle")
    page.evaluate("document.activeElement?.blur()")
    options = {"format": "webp", "quality": QUALITY, "optimizeForSpeed": False}
    picture = page.context.new_cdp_session(page).send("Page.captureScreenshot", options)
    return path.write_bytes(base64.b64decode(picture["data"]))


def take_all(browser: Browser, url: str, out: Path, wanted: list[str]) -> int:
    """Every shot in every look; how many bytes in all."""
    total = 0
    for shot in (shot for shot in SHOTS if not wanted or shot.name in wanted):
        for name, look in LOOKS.items():
            size = {"width": look.width, "height": look.height}
            context = browser.new_context(base_url=url, viewport=size, device_scale_factor=look.scale)  # type: ignore[arg-type]
            context.add_cookies([{"name": "theme", "value": look.theme, "url": url}])
            page = context.new_page()
            sign_in(page, shot.who)
            page.goto(shot.where if isinstance(shot.where, str) else shot.where(page))
            total += take(page, out / f"{shot.name}-{name}.webp")
            context.close()
            sys.stdout.write(f"{shot.name}-{name}.webp\n")
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="address of the running demo")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("names", nargs="*", help="only these screens")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        total = take_all(browser, asked.url, asked.out, asked.names)
        browser.close()
    sys.stdout.write(f"{total / 1000:,.0f} kB in {asked.out}\n")


if __name__ == "__main__":
    main()
