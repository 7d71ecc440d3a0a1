"""A manager and an ops person at work, by real clicks: hand over and undo, give, look into the trail, make a token."""

from __future__ import annotations

from playbooks.models import Task
from tests.browser.conftest import Desks
from tests.browser.looking import faults
from tests.factories import make_user
from tests.floor import Floor


def test_a_hand_over_is_done_and_undone_by_clicks(floor: Floor, desks: Desks) -> None:
    task = floor.task()
    desk = desks.of(floor.lead)
    desk.open("/team/")
    desk.page.get_by_role("link", name="Hand over Ana").click()
    for tick in desk.page.locator("#for-good input[type=checkbox]").all():
        assert not tick.is_checked()
        tick.check()
    desk.page.get_by_role("button", name="Hand over what is ticked").click()
    desk.page.get_by_role("heading", name="Nothing is changed yet").wait_for()
    assert Task.objects.get(pk=task.pk).assignee == floor.ana
    desk.page.get_by_role("button", name="for good").click()
    desk.page.locator("#messages").get_by_text("Undo is below").wait_for()
    assert Task.objects.get(pk=task.pk).assignee == floor.bea
    desk.page.get_by_role("button", name="Undo").click()
    desk.page.locator("#messages").get_by_text("theirs again").wait_for()
    assert Task.objects.get(pk=task.pk).assignee == floor.ana


def test_nothing_is_wrong_with_a_board_that_holds_much(floor: Floor, desks: Desks) -> None:
    floor.task()
    Task.objects.filter(pk=floor.task(account=floor.new_account("Nobody's")).pk).update(assignee=None)
    desk = desks.of(floor.lead)
    for path in ("/team/", "/team/work/?late=any", f"/team/people/{floor.ana.pk}/"):
        desk.open(path)
        assert faults(desk) == [], path


def test_a_token_is_made_and_shown_once(floor: Floor, desks: Desks) -> None:
    desk = desks.of(make_user("otto", role="ops"))
    desk.open("/tokens/")
    desk.page.get_by_label("Source", exact=True).select_option(label=floor.source.name)
    desk.page.get_by_label("Name").fill("Nightly")
    desk.page.get_by_label("Read everything that the API shows, of all sources").check()
    desk.page.get_by_role("button", name="Create token").click()
    assert desk.text(".secret").startswith("cxo_")
    assert faults(desk) == []
    desk.open("/tokens/")
    assert desk.page.locator(".secret").count() == 0
