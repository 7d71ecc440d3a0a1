"""KEYS: somebody with a thousand open tasks, at a real browser, working through them from the keyboard alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median, quantiles

from playwright.sync_api import Page, sync_playwright

from bench.book import WORK, Book, empty, hold_insights, open_tasks, refresh_statistics
from bench.people import signed_in
from bench.processes import HOST, Stage, serving
from bench.report import Report
from bench.sizes import Sizes
from bench.traffic import Unexpected
from core.bulk import execute

TASKS = 1_000
CLOSED = 40
WARM = 5
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
# From the key to the frame in which another task's heading is painted.
STOPWATCH = """
window.painted = [];
let pressed = 0;
let title = "";
const shown = () => document.querySelector("#task-title")?.textContent + location.pathname;
document.addEventListener("keydown", (event) => { pressed = event.timeStamp; title = shown(); }, true);
document.addEventListener("htmx:after:swap", () => requestAnimationFrame(() => setTimeout(() => {
  if (!pressed || shown() === title) return;
  window.painted.push(performance.now() - pressed);
  pressed = 0;
})));
"""
ONE_QUEUE = """
UPDATE playbooks_task AS t
SET assignee_id = %(owner)s, lane = 'today', urgent = false,
    decision_id = (SELECT d.insight_id FROM decisions_decision AS d WHERE d.account_id = t.account_id LIMIT 1)
"""


def run(report: Report, stage: Stage, book: Book, sizes: Sizes) -> None:
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if chromium is None:
        report.note("KEYS", "no Chromium here: not measured")
        return
    owner = book.owners[0]
    empty(*WORK)
    hold_insights(book, first=0, last=book.accounts - 1)
    open_tasks(book, first=0, last=TASKS - 1)
    execute(ONE_QUEUE, {"owner": owner})
    refresh_statistics()
    session = signed_in(owner)["Cookie"].partition("sessionid=")[2].partition(";")[0]
    with serving(stage) as server, browser(chromium) as page:
        base = f"http://{HOST}:{server.port}"
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": base}])
        page.goto(f"{base}/queue/?lane=today")
        page.wait_for_selector("html[data-ready]", state="attached")
        presses = sum(close_one(page) for _ in range(CLOSED))
        times: list[float] = page.evaluate("window.painted")[WARM:]
    p95 = quantiles(times, n=20)[-1]
    report.add("KEYS.paint_ms", f"key to next task painted, of {TASKS:,} open: p95 in ms", p95, "< 100", len(times))
    report.add("KEYS.ten_tasks", "ten tasks closed: key presses", 10 * presses / CLOSED, "< 30", CLOSED)
    report.note("KEYS", f"key to next task painted: median {median(times):.0f} ms, most {max(times):.0f} ms")


@contextmanager
def browser(executable: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=executable, args=FLAGS).new_page()
        page.add_init_script(STOPWATCH)
        yield page


def close_one(page: Page) -> int:
    """Close the open task as the page says one does; how many keys that took. Raises `Unexpected`."""
    choice = page.locator("#close label.choice", has_text="No response").locator("kbd").last
    keys = [choice.inner_text().strip().lower(), "e"]
    done = page.evaluate("window.painted.length")
    for key in keys:
        page.keyboard.press(key)
    for _ in range(500):
        if page.evaluate("window.painted.length") > done:
            return len(keys)
        page.wait_for_timeout(10)
    raise Unexpected(f"no next task after {keys} at {page.url}")
