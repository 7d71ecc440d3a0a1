"""What is looked for on any screen: what axe finds, what is too wide, what has no name or no way without scripts."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import Desk

# `preload` is off: it reads the style sheets for one experimental rule that is not among these.
STANDARDS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
# The markup is the same in the dark, and on a phone: only this can differ.
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
TARGETS = {"runOnly": {"type": "rule", "values": ["target-size"]}}
PHONE, TWICE_AS_LARGE, DESKTOP = (320, 640), (660, 430), (1320, 860)
CONTROLS = {
    "button", "link", "textbox", "searchbox", "combobox", "listbox", "checkbox", "radio", "slider", "spinbutton",
    "option", "menuitem", "switch", "tab", "DisclosureTriangle", "dialog",
}  # fmt: skip
# Elements that only scripts can use, or that have no address without them.
STUCK = """() => [...document.querySelectorAll("[hx-get], [hx-post], [data-dialog], [data-dismiss]")]
  .filter((element) => !element.matches("a[href], form[action]") && element.offsetParent !== null)
  .filter((element) => !element.matches("[hx-trigger*=every], [hx-trigger*=load], [hx-trigger*=change]"))
  .filter((element) => !element.closest("form[action], .needs-js, template, dialog"))
  .map((element) => element.outerHTML.slice(0, 120))"""
STICKING_OUT = """() => [...document.querySelectorAll("body *")]
  .find((element) => element.checkVisibility()
    && element.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)?.outerHTML.slice(0, 200)"""


def violations(desk: Desk, options: dict[str, Any] = STANDARDS) -> list[str]:
    found = Axe().run(desk.page, options={"preload": False, **options}).response["violations"]
    return [f"{one['id']}: {[node['html'][:120] for node in one['nodes']][:2]}" for one in found]


def barriers(desk: Desk) -> list[str]:
    """What axe finds in either theme, and controls without a name. The theme is a word on the root."""
    desk.page.emulate_media(reduced_motion="reduce")  # a colour on its way to another is neither
    found = []
    for theme, options in (("light", STANDARDS), ("dark", COLOURS)):
        desk.page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        found += [f"{theme}: {one}" for one in violations(desk, options)]
    return found + [f"no name: {role}" for role in nameless(desk)]


def is_too_wide(desk: Desk) -> bool:
    return bool(desk.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def sticking_out(desk: Desk) -> str:
    """The first element that ends beyond the right edge of the screen."""
    return str(desk.page.evaluate(STICKING_OUT))


def faults_of_size(desk: Desk) -> list[str]:
    """Whether the page reflows at 320 px and at 200 % of a desktop, and can be touched there."""
    found = []
    for width, height in (PHONE, TWICE_AS_LARGE, DESKTOP):
        desk.page.set_viewport_size({"width": width, "height": height})
        found += [f"wider than {width} px: {sticking_out(desk)}"] if is_too_wide(desk) else []
        found += violations(desk, TARGETS) if (width, height) == PHONE else []
    return found


def nameless(desk: Desk) -> list[str]:
    """Controls for which a screen reader has no name."""
    session = desk.page.context.new_cdp_session(desk.page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    return [
        node["role"]["value"]
        for node in nodes
        if not node.get("ignored")
        and node["role"]["value"] in CONTROLS
        and not node.get("name", {}).get("value", "").strip()
    ]


def faults(desk: Desk) -> list[str]:
    """All that is wrong with the page as it stands."""
    found = barriers(desk)
    found += [f"only with scripts: {html}" for html in desk.page.evaluate(STUCK)]
    return found + faults_of_size(desk)


CUT_OFF = """() => [...document.querySelectorAll("dialog:modal, dialog:modal *")]
  .filter((element) => element.checkVisibility() && element.scrollWidth > element.clientWidth + 1)
  .filter((element) => element.clientWidth && getComputedStyle(element).overflowX !== "visible")
  .filter((element) => !element.matches(".sr, input, select, textarea"))
  .map((element) => element.outerHTML.slice(0, 120))"""


def faults_of_dialog(desk: Desk) -> list[str]:
    """All that is wrong with the dialog that is open: colours, names, and on a phone its width and its targets."""
    found = barriers(desk)
    desk.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    found += [f"cut off on a phone: {html}" for html in desk.page.evaluate(CUT_OFF)] + violations(desk, TARGETS)
    desk.page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    return found
