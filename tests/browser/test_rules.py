"""The rules of the queue and the keys that no other test of a real browser presses.

Which rule and which key is tested where is listed in docs/frontend.md.
"""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Route, expect

from core.bulk import database_now
from core.context import ENTRIES
from playbooks.models import Task
from playbooks.services.tasks import close_task
from tests.browser.conftest import Desk, Desks
from tests.floor import Floor


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
    ask_what_changed(desk)
    expect(desk.page.locator(".pill")).to_contain_text("1 closed by others")
    assert accounts(desk) == shown
    desk.page.keyboard.press("r")
    expect(desk.page.locator("#rows .row-title")).to_have_text([shown[2], shown[0]])
    assert desk.errors == []


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
    ("behaves", "told"), [(_fails, "The server had a problem"), (_is_never_answered, "No answer within 10 seconds")]
)
def test_what_the_server_does_not_do_is_said(desk: Desk, tasks: list[Task], behaves: Any, told: str) -> None:
    """Rule 6: nothing is swapped and nothing lost; the ten seconds are shortened."""
    desk.page.evaluate("htmx.config.defaultTimeout = 300")
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
    desk.page.route("**/changes/**", lambda route: route.abort())
    desk.page.evaluate("htmx.trigger('#changes', 'every', {}, false)")
    expect(desk.page.locator("#stale")).to_contain_text("What you see may be out of date.")


def test_a_row_says_how_it_stands_in_words_and_by_an_icon(desk: Desk) -> None:
    """Rule 8."""
    chip = desk.page.locator("#rows .chip").first
    assert chip.inner_text().strip()
    assert chip.locator("svg").count() == 1


def test_why_and_the_outcome_are_above_the_fold(desk: Desk) -> None:
    """Rule 9: the claim, how sure, and what can be done stand on the first screen, side by side with the facts."""
    for selector in (".lead .lead-text", ".confidence, .card:has-text('How sure')", "#close legend"):
        box = desk.page.locator(selector).first.bounding_box()
        assert box is not None, selector
        assert box["y"] + box["height"] <= 860, selector


def test_all_that_match_at_once(desk: Desk, tasks: list[Task]) -> None:
    """Rule 12: also the rows that are not on the screen."""
    desk.page.keyboard.press("x")
    desk.page.get_by_label("all 3 in this lane").check()
    desk.page.get_by_role("button", name="No longer relevant").click()
    desk.page.locator("dialog[open] #id_reason").fill("They have merged.")
    desk.page.get_by_role("button", name="See what will change").click()
    desk.page.get_by_text("3 tasks will change").wait_for()


def test_counts_equal_rows(desk: Desk, tasks: list[Task]) -> None:
    """Rule 15."""
    assert desk.text(".tabs [aria-current] .count") == str(len(accounts(desk)))


@pytest.mark.parametrize("key", [entry.key.removeprefix("g ") for entry in ENTRIES if entry.key])
def test_g_goes_to(floor: Floor, desks: Desks, key: str) -> None:
    """G, then Q, A, D, T and the others that the navigation shows; a manager has them all."""
    [entry] = [entry for entry in ENTRIES if entry.key == f"g {key}"]
    desk = desks.of(floor.lead)
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
    desk.page.fill("#id_reason >> nth=-1", "They are on holiday.")
    assert desk.press("Control+Enter", "/snooze/") == 200
    until = Task.objects.get(pk=tasks[0].pk).snoozed_until
    assert until is not None
    assert until.astimezone(ZoneInfo("Pacific/Auckland")).hour == 9
