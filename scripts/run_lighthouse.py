"""Lighthouse over the screens of a demo that runs: `.venv/bin/python scripts/run_lighthouse.py --url URL`.

Prints one line a screen, as its person sees it: the three scores, LCP, CLS, blocking time and INP, and what is below
its bar; then it ends with 1. A score of performance is the machine's too: on a busy one it says little. The program is
npm's: `npm install lighthouse` in any directory, and `--lighthouse DIR/node_modules/.bin/lighthouse`. INP is not its:
keys and clicks that write nothing are done on the page, and the slowest counts (the browser gives it to 8 ms).

The window is a real one, as large as the page that is looked at: in a larger page that is only emulated, what changes
below the window's edge is not painted until something else is, and INP then counts how long that took to come.
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent))

from take_screenshots import FLAGS, SHOTS, Shot, sign_in

BARS = {"performance": 95, "accessibility": 100, "best-practices": 100}
MEASURED = ("largest-contentful-paint", "cumulative-layout-shift", "total-blocking-time")
INP_BAR = 200  # ms
OPEN, SHUT = "dialog[open]", "body:not(:has(dialog[open]))"
# Keys, and what is there after them.
KEYS = (
    ("?", OPEN), ("Escape", SHUT), ("Control+k", OPEN), ("a n ArrowDown", OPEN), ("Escape", SHUT),
    ("j j k Tab Tab", "body"),
)  # fmt: skip
CLICKS = ("main summary", "main [popovertarget]", "main h1")
WINDOW = "1350,940"  # what Lighthouse calls a desktop
# What each interaction took, from the key or the click to the next frame: https://web.dev/articles/inp
INTERACTIONS = """
window.slowest = [0, ""];
new PerformanceObserver((list) => {
  for (const { interactionId, duration, name, target } of list.getEntries()) {
    const where = target?.matches("main *, dialog *") ? target.textContent.trim().slice(0, 24) : "the page";
    if (interactionId && duration > window.slowest[0]) window.slowest = [duration, `${name} on ${where}`];
  }
}).observe({ type: "event", durationThreshold: 16, buffered: true });
"""
MORE = (
    Shot("portfolio", "ana", "/portfolio/"),
    Shot("sources", "otto", "/sources/"),
    Shot("renewals", "noor", "/renewals/"),
    Shot("weekly", "mara", "/review/weekly/"),
)


def look(program: str, address: str, port: int) -> dict[str, Any]:
    """Lighthouse's report of a page on a desktop, in the browser that listens on `port`, with its cookies."""
    flags = ["--preset=desktop", "--quiet", "--output=json", f"--port={port}", f"--only-categories={','.join(BARS)}"]
    ran = subprocess.run([program, address, *flags], stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(ran.stdout))


def interact(page: Page) -> tuple[float, str]:
    """Milliseconds from a key or a click to the frame that shows it, on the page that is open: the slowest, which."""
    page.evaluate(INTERACTIONS)
    for keys, then in KEYS:
        for key in keys.split():
            page.keyboard.press(key)
            page.wait_for_timeout(100)
        page.wait_for_selector(then, state="attached")
    for selector in CLICKS:
        for target in page.locator(selector).all():
            for _ in range(2 if target.is_visible() else 0):  # open and shut
                target.click()
                page.wait_for_timeout(100)
    page.wait_for_timeout(300)
    slowest, which = page.evaluate("window.slowest")
    return float(slowest), str(which)


def line(name: str, report: dict[str, Any], inp: float, slowest: str) -> tuple[str, bool]:
    """A line of the table, and whether the page reaches its bars."""
    scores = {name: round(100 * (report["categories"][name]["score"] or 0)) for name in BARS}
    shown = [f"{name:12}", *(f"{score:4}" for score in scores.values())]
    shown += [f"{report['audits'][name]['displayValue']:>9}" for name in MEASURED]
    shown.append(f"{inp:6.0f} ms")
    below = [name for name, score in scores.items() if score < BARS[name]]
    found = [
        audit["id"]
        for name in below
        for reference in report["categories"][name]["auditRefs"]
        if reference["weight"] and (audit := report["audits"][reference["id"]])["score"] not in (None, 1)
    ]
    found += [slowest] if inp > INP_BAR else []
    return "  ".join([*shown, *found]) + "\n", not below and inp <= INP_BAR


def look_at_all(context: BrowserContext, port: int, program: str, wanted: list[str]) -> bool:
    """Print the table; whether every page reaches its bars."""
    reached = []
    for shot in (shot for shot in (*SHOTS, *MORE) if not wanted or shot.name in wanted):
        context.clear_cookies()
        page = context.new_page()
        sign_in(page, shot.who)
        page.goto(shot.where if isinstance(shot.where, str) else shot.where(page))
        page.wait_for_selector("html[data-ready]", state="attached")
        address, (inp, slowest) = page.url, interact(page)
        page.close()
        words, reaches = line(shot.name, look(program, address, port), inp, slowest)
        reached.append(reaches)
        sys.stdout.write(words)
        sys.stdout.flush()
    return all(reached)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="address of the running demo")
    parser.add_argument("--lighthouse", default="lighthouse", help="the program, where it is not on the PATH")
    parser.add_argument("names", nargs="*", help="only these screens")
    asked, port = parser.parse_args(), free_port()
    sys.stdout.write(f"{'screen':12}  perf  acc  best  {'LCP':>9}  {'CLS':>7}  {'TBT':>9}  {'INP':>9}\n")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        browser = playwright.chromium.launch_persistent_context(
            profile, executable_path=shutil.which("chromium"), base_url=asked.url, no_viewport=True,
            args=[*FLAGS, f"--remote-debugging-port={port}", f"--window-size={WINDOW}"],
        )  # fmt: skip
        reached = look_at_all(browser, port, asked.lighthouse, asked.names)
        browser.close()
    sys.exit(0 if reached else 1)


if __name__ == "__main__":
    main()
