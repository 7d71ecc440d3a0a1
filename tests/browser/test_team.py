"""A manager and an ops person at work, by real clicks: hand over and undo, give, look into the trail, make a token."""

from __future__ import annotations

import pytest

from playbooks.models import Task
from tests.browser.conftest import Desks
from tests.browser.test_pages import is_too_wide, violations
from tests.factories import make_user
from tests.floor import Floor


def test_a_hand_over_is_done_and_undone_by_clicks(floor: Floor, desks: Desks) -> None:
    task = floor.task()
    desk = desks.of(floor.lead)
    desk.open("/team/")
    desk.page.get_by_role("link", name="Hand over Ana").click()
    desk.page.get_by_role("button", name="Hand over", exact=True).click()
    desk.page.locator("#messages").get_by_text("Undo is below").wait_for()
    assert Task.objects.get(pk=task.pk).assignee == floor.bea
    desk.page.get_by_role("button", name="Undo").click()
    desk.page.locator("#messages").get_by_text("as they were").wait_for()
    assert Task.objects.get(pk=task.pk).assignee == floor.ana
    assert desk.errors == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_a_managers_pages(floor: Floor, desks: Desks, theme: str) -> None:
    floor.task()
    Task.objects.filter(pk=floor.task(account=floor.new_account("Nobody's")).pk).update(assignee=None)
    desk = desks.of(floor.lead)
    desk.page.context.add_cookies([{"name": "theme", "value": theme, "url": desk.base}])
    for path in ("/team/", "/team/work/?late=any", f"/team/people/{floor.ana.pk}/", "/audit/", "/preferences/"):
        desk.open(path)
        assert violations(desk) == [], path
    desk.page.set_viewport_size({"width": 320, "height": 640})
    for path in ("/team/", f"/team/people/{floor.ana.pk}/", "/audit/"):
        desk.open(path)
        assert not is_too_wide(desk), path
    assert desk.errors == []


def test_a_token_is_made_and_shown_once(floor: Floor, desks: Desks) -> None:
    desk = desks.of(make_user("otto", role="ops"))
    desk.open("/tokens/")
    desk.page.get_by_label("Name").fill("Nightly")
    desk.page.get_by_label("Read everything").check()
    desk.page.get_by_role("button", name="Create token").click()
    assert desk.text(".secret").startswith("cxo_")
    assert violations(desk) == []
    desk.page.set_viewport_size({"width": 320, "height": 640})
    assert not is_too_wide(desk)
    desk.open("/tokens/")
    assert desk.page.locator(".secret").count() == 0
    assert desk.errors == []
