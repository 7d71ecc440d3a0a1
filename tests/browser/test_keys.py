"""Keys one by one: what each does, on what it works, and when it does nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from core.bulk import database_now
from playbooks.models import Task
from tests.browser.conftest import Desk, Desks
from tests.floor import Floor

# Every key that works by itself, but for those that lead away from the page.
SINGLE = [*"jkehanxmswzf/?123456", "Space"]
FOCUSED = "document.activeElement.closest('[data-row]')?.id ?? document.activeElement.id"
BULK = {"a": "Hand over", "h": "Snooze", "m": "Merge duplicates", "d": "No longer relevant"}


def test_down_up_into_the_task_and_back_out(desk: Desk, tasks: list[Task]) -> None:
    """J and K stop at the ends; Escape leads back to the row of the task that is open."""
    rows, walked = [f"task-{task.pk}" for task in tasks], []
    for key in ("j", "j", "j", "k", "k", "k", "j"):
        desk.page.keyboard.press(key)
        walked.append(rows.index(desk.page.evaluate(FOCUSED)))
    assert walked == [1, 2, 2, 1, 0, 0, 1]
    assert desk.press("Enter", f"/tasks/{tasks[1].pk}/") == 200
    expect(desk.page.locator("#task-title")).to_be_focused()
    expect(desk.page.locator("#task-title")).to_have_text(tasks[1].title)
    desk.page.keyboard.press("Escape")
    assert desk.page.evaluate(FOCUSED) == rows[1]


@pytest.mark.parametrize("keys", [("h",), ("Enter", "h")])
def test_at_another_row_a_key_of_the_task_opens_that_one_first(desk: Desk, tasks: list[Task], keys: tuple[str]) -> None:
    """However fast it is pressed; and the task that was open shows no keys meanwhile."""
    page = desk.page
    hint = page.locator("#detail .actions kbd").first
    expect(hint).to_be_visible()
    page.keyboard.press("j")
    expect(hint).to_be_hidden()
    for key in keys:
        page.keyboard.press(key)
    expect(page.locator("dialog[open] form[action]")).to_have_attribute("action", f"/tasks/{tasks[1].pk}/snooze/")
    page.keyboard.press("Escape")
    expect(page.locator("#task-title")).to_have_text(tasks[1].title)
    expect(hint).to_be_visible()


def test_at_a_row_that_cannot_be_opened_a_key_does_nothing(desk: Desk, tasks: list[Task]) -> None:
    desk.provokes = "ERR_FAILED|Failed to fetch"
    desk.page.route(f"**/tasks/{tasks[1].pk}/*", lambda route: route.abort())
    desk.page.keyboard.press("j")
    desk.page.keyboard.press("1")
    expect(desk.page.locator("#toasts")).to_contain_text("No connection")
    assert desk.page.locator("#close input:checked").count() == 0
    desk.page.keyboard.press("k")
    desk.page.keyboard.press("1")
    assert desk.page.locator("#close input:checked").count() == 1


def test_the_list_of_keys_says_which_are_for_what_is_selected(desk: Desk) -> None:
    """And has none of a dialog that was shut."""
    assert desk.press("h", "/snooze/") == 200
    desk.page.keyboard.press("Escape")
    desk.page.keyboard.press("?")
    groups = desk.page.locator("#keys-dialog[open] section")
    expect(groups.filter(has_text="While rows are selected")).to_contain_text("Snooze all of them")
    expect(groups.first).not_to_contain_text("A day of my own")


def test_each_number_ticks_the_outcome_that_shows_it(desk: Desk) -> None:
    outcomes = desk.page.locator("#close input[name=outcome]")
    assert outcomes.count() == 6
    for number in range(6):
        desk.page.locator("#task-title").focus()
        desk.page.keyboard.press(str(number + 1))
        assert outcomes.nth(number).is_checked(), number + 1
        assert desk.page.locator("#close label.choice").nth(number).locator("kbd").last.inner_text() == str(number + 1)
        desk.page.keyboard.press("Escape")


def test_where_one_types_keys_are_letters(desk: Desk) -> None:
    desk.page.locator("#id_note").focus()
    letters = [key for key in SINGLE if key != "Space"]
    for letter in letters:
        desk.page.keyboard.press(letter)
    expect(desk.page.locator("#id_note")).to_have_value("".join(letters))
    assert desk.page.locator("dialog[open], #close input:checked").count() == 0
    desk.page.keyboard.press("Escape")
    expect(desk.page.locator("#id_note")).not_to_be_focused()


def test_switched_off_single_keys_do_nothing(floor: Floor, desks: Desks, tasks: list[Task]) -> None:
    """Those with Ctrl or Cmd stay."""
    floor.ana.single_keys = False
    floor.ana.save()
    desk = desks.of(floor.ana)
    desk.open(f"/tasks/{tasks[0].pk}/")
    focused = desk.page.evaluate(FOCUSED)
    for key in SINGLE:
        desk.page.keyboard.press(key)
        assert desk.page.evaluate(FOCUSED) == focused, key
    assert desk.page.locator("dialog[open], #close input:checked, .pick:checked").count() == 0
    desk.page.locator("input[value=risk_resolved]").check()
    assert desk.press("Control+Enter", "/close/") == 200
    desk.page.keyboard.press("Control+k")
    expect(desk.page.locator("#palette")).to_be_visible()


def test_one_escape_shuts_the_palette_whatever_was_typed(desk: Desk) -> None:
    palette = desk.page.locator("#palette")
    desk.page.keyboard.press("Control+k")
    expect(palette).to_be_visible()
    desk.page.keyboard.type("quarry")
    expect(palette.locator("input")).to_have_value("quarry")
    expect(palette.get_by_text("Nothing is called so.")).to_be_visible()
    desk.page.keyboard.press("Escape")
    expect(palette).to_be_hidden()


@pytest.mark.parametrize("key", BULK)
def test_with_rows_selected_a_key_is_for_all_of_them(desk: Desk, key: str) -> None:
    for pressed in ("x", "j", "x"):
        desk.page.keyboard.press(pressed)
    assert desk.press(key, "/queue/bulk/") in (200, 422)
    expect(desk.page.locator("dialog[open] h2")).to_have_text(f"{BULK[key]}: 2 tasks")


def test_m_merges_and_z_parts_again(floor: Floor, desk: Desk, tasks: list[Task]) -> None:
    now = database_now()
    other = Task.objects.create(
        account=tasks[0].account, title="Call about the invoice", assignee=floor.ana, lane="now", opened_at=now,
        due_at=now + timedelta(days=2),
    )  # fmt: skip
    assert desk.press("m", "/merge/") == 200
    desk.page.locator("dialog[open] select").select_option(str(other.pk))
    assert desk.press("Control+Enter", "/merge/") == 200
    expect(desk.page.locator("#undo")).to_contain_text("Acme Paper")
    assert set(Task.objects.active().values_list("pk", flat=True)) == {other.pk, tasks[1].pk, tasks[2].pk}
    assert desk.press("z", "/undo/") == 200
    assert Task.objects.active().count() == 4
