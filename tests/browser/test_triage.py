"""A day's triage from the keyboard, and what goes wrong in it: two people, a refusal, no scripts, no server."""

from __future__ import annotations

from playbooks.models import Task, TaskNote
from playbooks.services.tasks import close_task
from tests.browser.conftest import Desk, Desks
from tests.factories import NOW
from tests.floor import Floor

# The floor's clock is months ago, so the window of its insights is over: a snooze wants a reason.
WHY = "They are on holiday."


def focused(desk: Desk) -> str:
    return str(desk.page.evaluate("document.activeElement.id"))


def test_triage_by_keyboard(desk: Desk, tasks: list[Task]) -> None:
    first, second, third = tasks
    desk.page.keyboard.press("j")
    desk.page.keyboard.press("k")
    assert desk.press("Enter", f"/tasks/{first.pk}/") == 200
    desk.page.wait_for_url(f"**/tasks/{first.pk}/")
    assert focused(desk) == "task-title"

    assert desk.press("Space", "/steps/") == 200
    desk.page.get_by_text("1 of 2 done").wait_for()

    desk.page.keyboard.press("1")
    assert desk.press("e", "/close/") == 200
    desk.page.wait_for_url(f"**/tasks/{second.pk}/")
    assert focused(desk) == "task-title"
    assert "Closed Acme Paper: Risk resolved." in desk.text("#undo")
    desk.page.get_by_text("Next: Bluebell Dental").wait_for(state="attached")
    assert desk.page.locator(f"#task-{second.pk} [aria-current]").count() == 1

    assert desk.press("h", "/snooze/") == 200
    desk.page.locator("dialog[open]").wait_for()
    # On a Friday night one preset is all there is before "A day of my own".
    desk.page.keyboard.press("2" if desk.page.locator("dialog[open] input[name=preset]").count() > 2 else "1")
    desk.page.fill("#dialog_reason", WHY)
    assert desk.press("Control+Enter", "/snooze/") == 200
    desk.page.wait_for_url(f"**/tasks/{third.pk}/")
    assert desk.page.locator("dialog[open]").count() == 0

    assert desk.press("z", "/undo/") == 200
    desk.page.wait_for_url(f"**/tasks/{second.pk}/")
    second.refresh_from_db()
    assert second.snoozed_until is None


def test_a_hand_over_goes_to_somebody_else(floor: Floor, desk: Desk, tasks: list[Task]) -> None:
    desk.open(f"/tasks/{tasks[0].pk}/")
    assert desk.press("a", "/hand-over/") == 200
    desk.page.locator("dialog[open]").wait_for()
    desk.page.select_option("#dialog_to", str(floor.bea.pk))
    desk.page.fill("#dialog_note", "They like calls, not mails.")
    assert desk.press("Control+Enter", "/hand-over/") == 200
    desk.page.locator("dialog[open]").wait_for(state="detached")
    assert Task.objects.filter(assignee=floor.bea).count() == 1
    assert desk.press("z", "/undo/") == 200
    assert Task.objects.filter(assignee=floor.bea).count() == 0


def test_a_refusal_keeps_what_was_typed(desk: Desk, tasks: list[Task]) -> None:
    desk.page.keyboard.press("6")
    assert focused(desk) == "id_note"
    assert desk.press("Control+Enter", "/close/") == 422
    summary = desk.page.locator("#close .error-summary")
    summary.wait_for()
    assert summary.evaluate("element => element === document.activeElement")
    assert desk.page.locator(".pending").count() == 0
    assert desk.page.locator("input[name=outcome][value=other]").is_checked()
    desk.page.fill("#id_note", "They merged with their parent company.")
    assert desk.press("Control+Enter", "/close/") == 200
    desk.page.wait_for_url(f"**/tasks/{tasks[1].pk}/")


def test_a_close_without_an_outcome_says_what_to_choose(desk: Desk, tasks: list[Task]) -> None:
    assert desk.press("e", "/close/") == 422
    said = desk.page.get_by_role("link", name="Choose what happened")
    assert said.evaluate("element => element.closest('.error-summary') === document.activeElement")
    said.click()
    assert focused(desk) == "id_outcome"
    desk.page.keyboard.press("Escape")
    desk.page.keyboard.press("3")
    assert desk.press("e", "/close/") == 200
    desk.page.wait_for_url(f"**/tasks/{tasks[1].pk}/")


def test_two_people_one_task(floor: Floor, desk: Desk, tasks: list[Task]) -> None:
    task = Task.objects.get(pk=tasks[0].pk)
    close_task(task_id=task.pk, by=floor.lead, version=task.version, outcome="lost", now=NOW)
    desk.page.fill("#id_note", "They will stay.")
    desk.page.keyboard.press("Escape")
    desk.page.keyboard.press("1")
    assert desk.press("e", "/close/") == 409
    desk.page.get_by_text("Already closed by").wait_for()
    assert desk.page.locator("#id_note").input_value() == "They will stay."
    desk.page.get_by_role("button", name="Add it to the notes").click()
    desk.page.locator("#notes .note").wait_for()
    assert TaskNote.objects.get().text == "They will stay."


def test_without_a_server_nothing_changes(desk: Desk, tasks: list[Task]) -> None:
    desk.provokes = "ERR_FAILED|Failed to fetch"
    desk.page.route("**/close/", lambda route: route.abort())
    desk.page.fill("#id_note", "They will stay.")
    desk.page.keyboard.press("Escape")
    desk.page.keyboard.press("1")
    desk.page.keyboard.press("e")
    desk.page.get_by_text("Nothing was changed, try again.").first.wait_for()
    assert desk.page.locator("#id_note").input_value() == "They will stay."


def test_without_scripts(floor: Floor, desks: Desks, tasks: list[Task]) -> None:
    desk = desks.of(floor.ana, java_script_enabled=False)
    desk.page.goto(f"{desk.base}/queue/")
    desk.page.locator(".row").first.click()
    desk.page.wait_for_url(f"**/tasks/{tasks[0].pk}/")
    desk.page.locator("input[name=outcome][value=risk_resolved]").check()
    desk.page.get_by_role("button", name="Close task").click()
    desk.page.wait_for_url(f"**/tasks/{tasks[1].pk}/?done={tasks[0].pk}")
    assert Task.objects.get(pk=tasks[0].pk).outcome == "risk_resolved"
    desk.page.get_by_role("button", name="Undo").click()
    desk.page.wait_for_url(f"**/tasks/{tasks[0].pk}/")
    assert Task.objects.get(pk=tasks[0].pk).closed_at is None
    desk.page.get_by_role("link", name="Snooze").click()
    desk.page.fill("#dialog_reason", WHY)
    desk.page.get_by_role("button", name="Snooze").click()
    desk.page.wait_for_url(f"**/tasks/{tasks[1].pk}/?done={tasks[0].pk}")
    assert Task.objects.get(pk=tasks[0].pk).snoozed_until is not None
