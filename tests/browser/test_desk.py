"""The desk: ten tasks without a mouse, many at once, two people at one task, views, and working through a lane."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from playbooks.models import SavedView, Task
from tests.browser.conftest import Desk, Desks, lay_out
from tests.floor import Floor


class Keyboard:
    """Somebody who reads the page and presses keys; `presses` counts them, without what is typed into a note."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.presses = desk, 0

    def press(self, key: str, path: str = "") -> None:
        self.presses += 1
        if path:
            assert self.desk.press(key, path) == 200
        else:
            self.desk.page.keyboard.press(key)

    def key_of(self, words: str) -> str:
        """The key that the page shows beside these words."""
        shown = self.desk.page.locator("#close label.choice", has_text=words).locator("kbd").last
        return shown.inner_text().strip().lower()

    def reason(self) -> str:
        """A reason why an insight was wrong that no other group has one of the same letter as."""
        groups = {
            group.get_attribute("label"): group.locator("option").all_inner_texts()
            for group in self.desk.page.locator("#id_reason optgroup").all()
        }
        wrong = groups.pop("The insight was wrong")
        others = {reason[0] for reasons in groups.values() for reason in reasons}
        return next(reason for reason in wrong if reason[0] not in others).lower()


def test_ten_tasks_in_under_thirty_keys(floor: Floor, desks: Desks) -> None:
    lay_out(floor, tuple(f"Fictional {letter}" for letter in "ABCDEFGHIJ"))
    desk = desks.of(floor.ana)
    desk.open("/queue/")
    keys = Keyboard(desk)
    seen = []
    for number in range(10):
        account = desk.text(".task-head .meta a")
        seen.append(account)
        if number == 4:
            keys.press("w")
            keys.press(keys.reason()[0])
            keys.press("Control+Enter", "/close/")
        else:
            keys.press(keys.key_of("No response" if number % 2 else "Risk resolved"))
            keys.press("e", "/close/")
        desk.page.locator("#undo", has_text=account).wait_for()
    assert len(set(seen)) == 10
    assert keys.presses < 30
    assert not Task.objects.active().filter(assignee=floor.ana).exists()
    assert desk.page.get_by_role("heading", name="Nothing is left in this lane").first.is_visible()


def test_many_at_once_with_a_preview_and_one_undo(desk: Desk, tasks: list[Task]) -> None:
    for key in ("x", "j", "j", "x"):
        desk.page.keyboard.press(key)
    assert desk.page.locator(".pick:checked").count() == 2
    assert "2 selected" in desk.text("#bulk")
    desk.page.get_by_role("button", name="No longer relevant").click()
    desk.page.locator("#dialog_reason").fill("They have merged.")
    desk.page.get_by_role("button", name="See what will change").click()
    desk.page.get_by_text("2 tasks will change").wait_for()
    assert Task.objects.active().count() == 3
    desk.page.get_by_role("button", name="Close 2 tasks").click()
    desk.page.locator("#undo", has_text="Closed as no longer relevant: 2 tasks").wait_for()
    assert Task.objects.active().count() == 1
    desk.page.keyboard.press("z")
    desk.page.get_by_text("2 tasks are as they were").first.wait_for()
    assert Task.objects.active().count() == 3


def test_a_click_with_shift_selects_all_between(desk: Desk, tasks: list[Task]) -> None:
    boxes = desk.page.locator(".pick")
    boxes.nth(0).click()
    boxes.nth(2).click(modifiers=["Shift"])
    assert desk.page.locator(".pick:checked").count() == 3


def test_who_types_has_it_and_a_manager_takes_over(floor: Floor, desk: Desk, desks: Desks, tasks: list[Task]) -> None:
    with desk.page.expect_response(lambda answer: "/claim/" in answer.url):
        desk.page.locator("#id_note").press_sequentially("They")
    lead = desks.of(floor.lead)
    lead.open(f"/tasks/{tasks[0].pk}/")
    lead.page.get_by_text("Ana is working on this until").first.wait_for()
    assert lead.page.locator("#close").count() == 0
    lead.page.get_by_role("link", name="Take over").click()
    lead.page.locator("dialog[open] textarea").fill("The customer called me.")
    assert lead.press("Control+Enter", "/take-over/") == 200
    lead.page.locator("#close").wait_for()
    desk.page.keyboard.press("Escape")
    desk.page.keyboard.press("1")
    assert desk.press("e", "/close/") == 409
    desk.page.get_by_text("taken over").wait_for()
    assert desk.page.locator("#id_note").input_value() == "They"


def test_a_list_is_narrowed_and_kept_under_a_name(desk: Desk, tasks: list[Task]) -> None:
    assert desk.press("f", "/queue/filter/") == 200
    desk.page.locator("#filter-q").fill("bluebell")
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_url("**q=bluebell**")
    assert desk.page.locator(".row").count() == 1
    assert desk.text(".tabs [aria-current] .count") == "1"
    assert desk.press("f", "/queue/filter/") == 200
    desk.page.locator("#id_name").fill("Dentists")
    desk.page.get_by_role("button", name="Save this view").click()
    desk.page.get_by_text("Saved as “Dentists”").first.wait_for()
    assert SavedView.objects.get().query == "lane=now&q=bluebell"


def test_skip_and_merge_by_key(floor: Floor, desk: Desk, tasks: list[Task]) -> None:
    assert desk.press("s", "/skip/") == 200
    desk.page.locator("#dialog_reason").fill("I wait for the invoice.")
    assert desk.press("Control+Enter", "/skip/") == 200
    desk.page.wait_for_url(f"**/tasks/{tasks[1].pk}/")
    assert desk.press("m", "/merge/") == 200
    desk.page.get_by_text("has no other open task").wait_for()
    assert Task.objects.active().count() == 3


def test_working_through_a_lane(desk: Desk, tasks: list[Task]) -> None:
    desk.page.get_by_role("link", name="Work through").click()
    desk.page.wait_for_url("**mode=focus")
    desk.page.wait_for_selector("html[data-ready]", state="attached")
    assert not desk.page.locator("#rows").is_visible()
    desk.page.keyboard.press("1")
    assert desk.press("e", "/close/") == 200
    desk.page.wait_for_url(f"**/tasks/{tasks[1].pk}/?mode=focus")
    assert not desk.page.locator("#rows").is_visible()
    desk.page.keyboard.press("Escape")
    desk.page.wait_for_url("**/queue/?lane=now")
    assert desk.page.locator("#rows").is_visible()


def test_j_goes_on_below_what_the_list_had_loaded(floor: Floor, desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Out of sight nothing scrolls the list: what comes next is fetched once the loaded lines are done."""
    monkeypatch.setattr("playbooks.queries.queue.PAGE", 2)
    lay_out(floor, tuple(f"Fictional {letter}" for letter in "ABCD"))
    desk = desks.of(floor.ana)
    desk.open("/queue/?mode=focus")
    seen = [desk.text(".task-head .meta a")]
    for _number in range(2):
        desk.page.keyboard.press("3")
        assert desk.press("e", "/close/") == 200
        desk.page.locator("#undo", has_text=seen[-1]).wait_for()
        seen.append(desk.text(".task-head .meta a"))
    desk.page.locator(".line:has([aria-current])", has_text=seen[-1]).wait_for(state="attached")
    desk.page.keyboard.press("j")
    expect(desk.page.locator(".task-head .meta a")).not_to_have_text(seen[-1])
    assert desk.text(".task-head .meta a") not in seen
