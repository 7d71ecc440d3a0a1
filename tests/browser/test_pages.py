"""Every page, as each role, in light and dark: no console error, no CSP report, nothing axe finds, nothing too wide."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from core.models import User
from tests.browser.conftest import Desk, Desks
from tests.factories import make_user
from tests.floor import Floor
from tests.integration.test_access import objects_of
from tests.routes import ROUTES

AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
# Not pages: a part that is polled, a file, a redirect.
PARTS = ("queue_changes", "queue_rows", "task_presence", "import_errors", "import_example", "home")
PAGES = [name for name, route in ROUTES.items() if route.method == "get" and name not in PARTS]
LARGEST = 120 * 1024


def person(floor: Floor, role: str) -> User:
    known = {"csm": floor.ana, "manager": floor.lead}
    return known.get(role) or make_user(role, role=role)


def violations(desk: Desk) -> list[str]:
    found = Axe().run(desk.page, options=AXE).response["violations"]
    return [f"{one['id']}: {[node['html'][:120] for node in one['nodes']][:2]}" for one in found]


def is_too_wide(desk: Desk) -> bool:
    return bool(desk.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def addresses(floor: Floor, role: str) -> dict[str, str]:
    """The pages that `role` may open, by name, each on something that is there."""
    floor.insight("0.97")
    objects: dict[str, dict[str, Any]] = objects_of(floor, floor.new_account("Bluebell Dental"))
    mine = (name for name in PAGES if role in ROUTES[name].roles)
    return {name: reverse(name, kwargs=objects.get(ROUTES[name].of, {})) for name in mine}


@pytest.mark.parametrize("role", ["csm", "manager", "leader", "ops"])
def test_every_page(floor: Floor, desks: Desks, role: str) -> None:
    desk = desks.of(person(floor, role))
    for path in addresses(floor, role).values():
        answer = desk.open(path)
        assert answer.status == 200, path
        assert len(answer.body()) <= LARGEST, path
        assert not is_too_wide(desk), path
    assert desk.errors == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(floor: Floor, desks: Desks, theme: str) -> None:
    """Each page once, as the first of these who may open it: first those whose queue holds work."""
    found, seen = {}, set[str]()
    for role in ("csm", "manager", "ops", "leader"):
        desk = desks.of(person(floor, role))
        desk.page.context.add_cookies([{"name": "theme", "value": theme, "url": desk.base}])
        for name, path in addresses(floor, role).items():
            if name not in seen:
                seen.add(name)
                desk.open(path)
                if wrong := violations(desk):
                    found[role, path] = wrong
    assert found == {}
    assert seen == set(PAGES)


def test_nothing_is_too_wide_for_a_small_phone(floor: Floor, desks: Desks) -> None:
    desk = desks.of(floor.ana)
    desk.page.set_viewport_size({"width": 320, "height": 640})
    wide = [path for path in addresses(floor, "csm").values() if desk.open(path) and is_too_wide(desk)]
    assert wide == []


def test_on_a_phone_the_list_and_the_task_are_two_pages(floor: Floor, desks: Desks) -> None:
    task = floor.task()
    desk = desks.of(floor.ana)
    desk.page.set_viewport_size({"width": 360, "height": 780})
    desk.open(f"/queue/?lane={task.lane}")
    assert not desk.page.locator("#task-title").is_visible()
    desk.page.locator(".row").first.click()
    desk.page.locator("#task-title").wait_for(state="visible")
    assert not desk.page.locator("#rows").is_visible()
    desk.page.locator(".back a").click()
    desk.page.wait_for_url(f"**/queue/?lane={task.lane}#task-{task.pk}")
    assert desk.page.locator(f"#task-{task.pk}").is_visible()


def test_signed_out_pages(floor: Floor, desks: Desks) -> None:
    desk = desks.of(floor.ana)
    desk.page.context.clear_cookies()
    desk.open("/queue/")
    assert "/login/?next=/queue/" in desk.page.url
    desk.page.fill("#id_username", "ana")
    desk.page.fill("#id_password", "correct horse battery")
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_url("**/queue/")
    assert desk.errors == []
