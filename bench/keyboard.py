"""KEYS: somebody with a thousand open tasks, at a real browser, working through them from the keyboard alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
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
OTHERS = 20
WARM = 5
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
# From the moment of the last key to after the frame in which another task's heading is painted.
STOPWATCH = """
window.painted = [];
let pressed = 0;
let title = "";
let waiting = null;
const shown = () => document.querySelector("#task-title")?.textContent + location.pathname;
window.nextPainted = () => new Promise((resolve) => {
  if (!pressed) resolve(true);
  waiting = resolve;
  setTimeout(resolve, 5000, false);
});
document.addEventListener("keydown", (event) => { pressed = event.timeStamp; title = shown(); }, true);
document.addEventListener("htmx:after:swap", () => requestAnimationFrame(() => setTimeout(() => {
  if (!pressed || shown() === title) return;
  window.painted.push(performance.now() - pressed);
  pressed = 0;
  waiting?.(true);
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
        queue = f"http://{HOST}:{server.port}/queue/?lane=today"
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": queue}])
        open_queue(page, queue)
        presses = sum(close_one(page) for _ in range(CLOSED))
        times = painted(page)
        others = {what: _times(page, queue, act) for what, act in ACTS.items()}
    p95 = quantiles(times, n=20)[-1]
    report.add("KEYS.paint_ms", f"key to next task painted, of {TASKS:,} open: p95 in ms", p95, "< 100", len(times))
    report.add("KEYS.ten_tasks", "ten tasks closed: key presses", 10 * presses / CLOSED, "< 30", CLOSED)
    report.note("KEYS", f"closed, to next task painted: median {median(times):.0f} ms, most {max(times):.0f} ms")
    for what, found in others.items():
        p95 = quantiles(found, n=20)[-1]
        report.note("KEYS", f"{what}: median {median(found):.0f} ms, p95 {p95:.0f} ms, {len(found)} times")


def _times(page: Page, queue: str, act: Callable[[Page], None]) -> list[float]:
    open_queue(page, queue)
    for _ in range(OTHERS):
        act(page)
    return painted(page)


@contextmanager
def browser(executable: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=executable, args=FLAGS).new_page()
        page.add_init_script(STOPWATCH)
        yield page


def open_queue(page: Page, queue: str) -> None:
    page.goto(queue)
    page.wait_for_selector("html[data-ready]", state="attached")


def close_one(page: Page) -> int:
    """Close the open task as the page says one does; how many keys that took. Raises `Unexpected`."""
    choice = page.locator("#close label.choice", has_text="No response").locator("kbd").last
    keys = [choice.inner_text().strip().lower(), "e"]
    press(page, *keys)
    return len(keys)


def snooze_one(page: Page) -> None:
    """Until the first of the moments that are offered."""
    page.keyboard.press("h")
    page.wait_for_selector("dialog[open] input[name=preset]")
    press(page, "Control+Enter")


def hand_one_over(page: Page) -> None:
    page.keyboard.press("a")
    page.wait_for_selector("dialog[open] select[name=to]")
    page.keyboard.press("ArrowDown")
    press(page, "Control+Enter")


def open_next(page: Page) -> None:
    press(page, "j", "Enter")


ACTS: dict[str, Callable[[Page], None]] = {
    "J and Enter to next task painted": open_next,
    "snoozed, to next task painted": snooze_one,
    "handed over, to next task painted": hand_one_over,
}


def press(page: Page, *keys: str) -> None:
    """The keys, one at once after the other, and then until another task is painted. Raises `Unexpected`."""
    for key in keys:
        page.keyboard.press(key)
    if not page.evaluate("nextPainted()"):
        raise Unexpected(f"no next task after {keys} at {page.url}")


def painted(page: Page) -> list[float]:
    """The milliseconds since this was last asked, without those in which the server warmed up."""
    times: list[float] = page.evaluate("window.painted.splice(0)")
    return times[WARM:]
