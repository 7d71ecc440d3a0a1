"""The rules of the queue and the keys that no other test of a real browser presses.

Which rule and which key is tested where is listed in docs/frontend.md.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Route, expect

from core.bulk import database_now
from core.context import ENTRIES
from playbooks.models import Task
from playbooks.services.tasks import close_task
from tests.browser.conftest import Desk, Desks, lay_out
from tests.floor import Floor
from tests.pages import ROLES, person


def accounts(desk: Desk) -> list[str]:
    return desk.page.locator("#rows .row-title").all_inner_texts()


def ask_what_changed(desk: Desk) -> None:
    """What the page does every twenty seconds."""
    with desk.page.expect_response(lambda answer: "/changes/" in answer.url):
        desk.page.evaluate("htmx.trigger('#changes', 'every', {}, false)")


def test_the_order_is_frozen_until_r(floor: Floor, desk: Desk, tasks: list[Task]) -> None:
    """Rule 1."""
    shown = accounts(desk)
    Task.objects.filter(pk=tasks[2].pk).update(priority=99_999_999)
    close_task(task_id=tasks[1].pk, by=floor.lead, version=tasks[1].version, outcome="lost", now=database_now())
    new = floor.task(account=floor.new_account("Dahlia Foods"), now=database_now())
    Task.objects.filter(pk=new.pk).update(lane="now", priority=1)
    ask_what_changed(desk)
    expect(desk.page.locator(".pill")).to_contain_text("1 new, 1 closed by others")
    assert accounts(desk) == shown
    desk.page.keyboard.press("r")
    expect(desk.page.locator("#rows .row-title")).to_have_text([shown[2], shown[0], "Dahlia Foods"])


def test_a_close_is_shown_before_the_answer(desk: Desk, tasks: list[Task]) -> None:
    """Rule 3."""
    held: list[Route] = []
    desk.page.route("**/close/**", lambda route: held.append(route))
    desk.page.keyboard.press("1")
    desk.page.keyboard.press("e")
    expect(desk.page.locator(f"#task-{tasks[0].pk}.pending")).to_be_visible()
    held[0].continue_()
    desk.page.wait_for_url(f"**/tasks/{tasks[1].pk}/")
    expect(desk.page.locator(".pending")).to_have_count(0)


def _fails(route: Route) -> None:
    route.fulfill(status=500, body="<h1>Broken</h1>", content_type="text/html")


def _is_never_answered(route: Route) -> None:
    pass


@pytest.mark.parametrize(
    ("behaves", "timeout", "told", "logged"),
    [
        (_fails, 10_000, "The server had a problem", "status of 500"),
        (_is_never_answered, 300, "No answer within 10 seconds", "htmx:error: timeout"),
    ],
)
def test_what_the_server_does_not_do_is_said(
    desk: Desk, tasks: list[Task], behaves: Any, timeout: int, told: str, logged: str
) -> None:
    """Rule 6: nothing is swapped and nothing lost; the ten seconds are shortened."""
    desk.provokes = logged
    desk.page.evaluate("timeout => { htmx.config.defaultTimeout = timeout }", timeout)
    desk.page.route("**/close/**", behaves)
    desk.page.fill("#id_note", "They will stay.")
    desk.page.keyboard.press("Escape")
    desk.page.keyboard.press("1")
    desk.page.keyboard.press("e")
    expect(desk.page.locator("#toasts")).to_contain_text(told)
    expect(desk.page.locator("#toasts")).to_contain_text("Nothing was changed, try again.")
    assert desk.page.locator("#id_note").input_value() == "They will stay."
    assert "Acme Paper" in desk.text("#detail")


def test_who_was_signed_out_comes_back_to_the_task(desk: Desk, tasks: list[Task]) -> None:
    """Rule 6: 401."""
    desk.open(f"/tasks/{tasks[1].pk}/")
    desk.page.context.clear_cookies(name="sessionid")
    desk.page.keyboard.press("1")
    desk.page.keyboard.press("e")
    desk.page.wait_for_url(f"**/login/?next=**{tasks[1].pk}**")


def test_a_poll_that_fails_says_that_the_page_is_old(desk: Desk) -> None:
    desk.provokes = "ERR_FAILED|Failed to fetch"
    desk.page.route("**/changes/**", lambda route: route.abort())
    desk.page.evaluate("htmx.trigger('#changes', 'every', {}, false)")
    expect(desk.page.locator("#stale")).to_contain_text("What you see may be out of date.")


def test_all_that_match_at_once(desk: Desk, tasks: list[Task]) -> None:
    """Rule 12: also the rows that are not on the screen."""
    desk.page.keyboard.press("x")
    desk.page.get_by_label("all 3 in this lane").check()
    desk.page.get_by_role("button", name="No longer relevant").click()
    desk.page.locator("#dialog_reason").fill("They have merged.")
    desk.page.get_by_role("button", name="See what will change").click()
    desk.page.get_by_text("3 tasks will change").wait_for()


def test_counts_equal_rows(desk: Desk, tasks: list[Task]) -> None:
    """Rule 15."""
    assert desk.text(".tabs [aria-current] .count") == str(len(accounts(desk)))


@pytest.mark.parametrize("key", [entry.key.removeprefix("g ") for entry in ENTRIES if entry.key])
def test_g_goes_to(floor: Floor, desks: Desks, key: str) -> None:
    """G, then Q, A, D, P, T and the others that the navigation shows, to the first who may go there."""
    [entry] = [entry for entry in ENTRIES if entry.key == f"g {key}"]
    desk = desks.of(person(floor, next(role for role in ("manager", *ROLES) if role in entry.roles)))
    desk.open("/preferences/")
    link = desk.page.locator(f'#nav a[data-key="g {key}"]')
    assert str(entry.label) in link.inner_text()
    desk.page.keyboard.press("g")
    desk.page.keyboard.press(key)
    desk.page.wait_for_url(f"**{link.get_attribute('href')}**")


def test_slash_searches_n_writes_and_the_keys_are_listed(desk: Desk) -> None:
    page = desk.page
    page.keyboard.press("/")
    expect(page.locator("#nav input[type=search]")).to_be_focused()
    page.keyboard.type("jk")
    expect(page.locator("#nav input[type=search]")).to_have_value("jk")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.locator("#id_note")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    shown = page.locator("#keys-dialog[open] kbd").all_inner_texts()
    wanted = {"j", "k", "e", "h", "a", "x", "n", "m", "s", "/", "r", "1", "6", "w", "g", "q", "?"}
    assert wanted - {key.lower() for key in shown} == set()


def test_the_times_are_in_ones_own_zone(floor: Floor, desks: Desks, tasks: list[Task]) -> None:
    """Rule 7: a preset ends at nine where the person is."""
    floor.ana.timezone = "Pacific/Auckland"
    floor.ana.save()
    desk = desks.of(floor.ana)
    desk.open("/queue/")
    assert desk.press("h", "/snooze/") == 200
    at_nine = re.compile(r"day \d+ \w+, 09:00")
    desk.page.locator("dialog[open] .choice", has_text=at_nine).first.locator("input").check()
    desk.page.fill("#dialog_reason", "They are on holiday.")
    assert desk.press("Control+Enter", "/snooze/") == 200
    until = Task.objects.get(pk=tasks[0].pk).snoozed_until
    assert until is not None
    assert until.astimezone(ZoneInfo("Pacific/Auckland")).hour == 9


FAR, NEAR = timedelta(days=9), timedelta(days=2)
# How a task stands, by what makes it so; and the words that say it.
STANDING: dict[str, tuple[dict[str, Any], str]] = {
    "late": ({"due": -timedelta(hours=5)}, "5 hours late"),
    "due_soon": ({"due": timedelta(hours=2, minutes=1)}, "due in 2 hours"),
    "closing": ({"due": FAR, "closes": NEAR}, "Window closes in"),
    "on_track": ({"due": FAR, "closes": FAR}, "due in"),
    "paused": ({"due": FAR, "status": "waiting", "snooze_reason": "Their lawyers read it"}, "Waiting"),
}


def test_a_row_says_how_it_stands_in_words_and_by_an_icon(floor: Floor, desks: Desks) -> None:
    """Rule 8: never by colour alone; a clock that stands still says why."""
    now = database_now()
    for task, (state, (fields, _words)) in zip(lay_out(floor, tuple(STANDING)), STANDING.items(), strict=True):
        columns = {name: fields[name] for name in ("status", "snooze_reason") if name in fields}
        closes = now + fields["closes"] if "closes" in fields else None
        Task.objects.filter(pk=task.pk).update(
            due_at=now + fields["due"], expires_at=closes, touched_at=now, acknowledged_at=now, **columns
        )
        assert task.account is not None
        assert task.account.name == state
    desk = desks.of(floor.ana)
    desk.open("/queue/")
    for state, (fields, words) in STANDING.items():
        chip = desk.page.locator("#rows .line", has_text=state).locator(".chip")
        expect(chip).to_contain_text(words)
        expect(chip).to_have_attribute("title", re.compile(fields.get("snooze_reason", "done by ")))
        expect(chip.locator(f"use[href$='#sla-{state}']")).to_have_count(1)


def test_why_and_the_outcome_are_above_the_fold(floor: Floor, desks: Desks) -> None:
    """Rule 9: the claim, how sure, its facts, who raised it, and what can be done stand on the first screen."""
    factors = [{"name": "weekly active users", "value": 68, "was": 118, "contribution": 1.2}]
    task = floor.task(factors=factors)
    desk = desks.of(floor.ana)
    desk.open(f"/tasks/{task.pk}/")
    for words in ("the customer leaves within 90 days", "Not checked yet", "68", "house-logit"):
        expect(desk.page.locator(".lead")).to_contain_text(words)
    for selector in (".lead .lead-text", ".lead .confidence", ".lead .evidence", "#close legend"):
        box = desk.page.locator(selector).first.bounding_box()
        assert box is not None, selector
        assert box["y"] + box["height"] <= 860, selector
    desk.page.get_by_text("What would change our mind").click()
    expect(desk.page.locator(".lead .points").first).to_be_visible()


def test_the_next_task_is_one_that_nobody_has_and_it_is_said(floor: Floor, desk: Desk, tasks: list[Task]) -> None:
    """Rule 2."""
    Task.objects.filter(pk=tasks[1].pk).update(claimed_by=floor.bea, claimed_until=database_now() + NEAR)
    desk.page.keyboard.press("1")
    desk.page.keyboard.press("e")
    desk.page.wait_for_url(f"**/tasks/{tasks[2].pk}/")
    expect(desk.page.locator("#task-title")).to_be_focused()
    expect(desk.page.locator("#announce")).to_contain_text(re.compile("Closed Acme Paper.*Next: Copperfield Tools, .+"))


def test_what_was_closed_is_listed_and_taken_back(desk: Desk, tasks: list[Task]) -> None:
    """Rule 4: also when the bar is gone."""
    desk.page.keyboard.press("1")
    assert desk.press("e", "/close/") == 200
    desk.open("/queue/closed/")
    row = desk.page.locator("main tbody tr", has_text="Acme Paper")
    expect(row).to_contain_text("Risk resolved")
    row.get_by_role("button").click()
    desk.page.wait_for_url(f"**/tasks/{tasks[0].pk}/**")
    assert Task.objects.active().count() == 3


def test_who_may_no_longer_is_told_what_is_missing(floor: Floor, desk: Desk, tasks: list[Task]) -> None:
    """Rule 6: 403 names who may, and leaves the page as it is."""
    floor.ana.role = "leader"
    floor.ana.save()
    desk.page.fill("#id_note", "They will stay.")
    desk.page.keyboard.press("Escape")
    desk.page.keyboard.press("1")
    assert desk.press("e", "/close/") == 403
    expect(desk.page.locator("#toasts")).to_contain_text("This page is for: ")
    expect(desk.page.locator("#id_note")).to_have_value("They will stay.")


def test_a_snooze_past_the_window_wants_a_reason(desk: Desk, tasks: list[Task]) -> None:
    """Rule 7: and the task then says that it comes back sooner if it gets worse."""
    assert desk.press("h", "/snooze/") == 200
    assert desk.press("Control+Enter", "/snooze/") == 422
    expect(desk.page.locator("dialog[open] .error-summary")).to_be_focused()
    desk.page.fill("#dialog_reason", "They are on holiday.")
    assert desk.press("Control+Enter", "/snooze/") == 200
    desk.open(f"/tasks/{tasks[0].pk}/")
    expect(desk.page.locator(".notice", has_text="Snoozed until")).to_contain_text("or sooner, if it gets worse")
    assert Task.objects.get(pk=tasks[0].pk).due_at == tasks[0].due_at


def test_ticking_claims_as_typing_does(floor: Floor, desk: Desk, desks: Desks, tasks: list[Task]) -> None:
    """Rule 13: and whoever may see it sees who has it open."""
    with desk.page.expect_response(lambda answer: "/claim/" in answer.url):
        desk.page.keyboard.press("1")
    assert Task.objects.get(pk=tasks[0].pk).claimed_by == floor.ana
    lead = desks.of(floor.lead)
    lead.open(f"/tasks/{tasks[0].pk}/")
    expect(lead.page.locator("#presence, .notice").first).to_contain_text("Ana")


def test_a_bulk_says_what_it_refuses_and_why(floor: Floor, desk: Desk, tasks: list[Task]) -> None:
    """Rule 12: and outcomes are not among what it does."""
    Task.objects.filter(pk=tasks[1].pk).update(claimed_by=floor.bea, claimed_until=database_now() + NEAR)
    for key in ("x", "j", "x"):
        desk.page.keyboard.press(key)
    assert desk.press("d", "/queue/bulk/") in (200, 422)
    desk.page.locator("#dialog_reason").fill("They have merged.")
    desk.page.get_by_role("button", name="See what will change").click()
    expect(desk.page.locator("dialog[open]")).to_contain_text("1 stays as it is")
    expect(desk.page.locator("dialog[open] .plan").last).to_contain_text("bea is working on this")
    desk.page.get_by_role("button", name="Close 1 task").click()
    desk.page.locator("#undo", has_text="1 task").wait_for()
    assert Task.objects.active().count() == 2
    actions = desk.page.locator("#bulk button[name=action]").evaluate_all("all => all.map((one) => one.value)")
    assert set(actions) == {"assign", "snooze", "merge", "dismiss"}


def test_a_view_for_the_team_is_everybodys_there(floor: Floor, desk: Desk, desks: Desks, tasks: list[Task]) -> None:
    """Rule 15: personal or for the team, and an address that can be sent to somebody."""
    for name, is_for_team in (("Mine", False), ("Ours", True)):
        desk.open("/queue/?lane=now&q=bluebell")
        assert desk.press("f", "/queue/filter/") == 200
        desk.page.locator("dialog[open] #id_name").fill(name)
        desk.page.locator("dialog[open] #id_for_team").set_checked(is_for_team)
        desk.page.get_by_role("button", name="Save this view").click()
        desk.page.get_by_text(f"Saved as “{name}”").first.wait_for()
    Task.objects.update(assignee=floor.bea)
    bea = desks.of(floor.bea)
    bea.open("/queue/")
    assert bea.press("f", "/queue/filter/") == 200
    views = bea.page.locator("dialog[open] .views")
    expect(views).not_to_contain_text("Mine")
    views.get_by_role("link", name="Ours").click()
    bea.page.wait_for_url("**q=bluebell**")
    assert accounts(bea) == ["Bluebell Dental"]
    assert desk.press("f", "/queue/filter/") == 200
    desk.page.locator("dialog[open] .views").get_by_role("button", name="Delete Ours").click()
    expect(desk.page.locator("#confirm-dialog")).to_contain_text("Your whole team uses it.")
    desk.page.locator("#confirm-dialog").get_by_role("button", name="Delete").click()
    desk.page.get_by_text("Deleted the view “Ours”").first.wait_for()
