"""Rule 14: what is held out stands in the register, for leaders; and a hold-out is begun and stopped in a browser."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from playwright.sync_api import expect

from accounts.models import RedLineFlag
from core.bulk import database_now
from decisions.models import Allocation, HoldOut
from decisions.services import tend_hold_outs
from tests.browser.conftest import Desk, Desks
from tests.browser.looking import faults
from tests.factories import make_hold_out, make_insight
from tests.floor import Floor
from tests.pages import person


def draw(floor: Floor) -> list[Allocation]:
    """A hold-out that runs, ten accounts that it has drawn, and the two that it holds out, of which one is released."""
    now = database_now()
    leader = person(floor, "leader")
    times = {"begins_at": now - timedelta(days=3), "signed_at": now - timedelta(days=3)}
    make_hold_out(leader, human_share=Decimal("0.20"), ends_at=now + timedelta(days=90), **times)
    for number in range(10):
        make_insight(floor.new_account(f"Bakery {number}"), "0.95", source=floor.source, scored_at=now)
    floor.work(now)
    held = list(Allocation.objects.filter(held=True).select_related("account"))
    RedLineFlag.objects.create(account=held[0].account, kind="legal", since=now)
    tend_hold_outs(now)
    return held


def at(desks: Desks, floor: Floor, role: str, path: str) -> Desk:
    desk = desks.of(person(floor, role))
    desk.open(path)
    return desk


def test_the_register_shows_leaders_whom_it_shows_nobody_else(floor: Floor, desks: Desks) -> None:
    released, held = draw(floor)
    desk = at(desks, floor, "leader", "/proof/")
    rows = desk.page.locator("section:has(#register) tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text(held.account.name)
    expect(rows.nth(0)).to_contain_text("sees signs that the customer leaves within 90 days")
    expect(rows.nth(0)).to_contain_text("Held out")
    expect(rows.nth(1)).to_contain_text(released.account.name)
    expect(rows.nth(1)).to_contain_text("A red line: legal matter")
    assert faults(desk) == []
    team = at(desks, floor, "csm", "/queue/")
    expect(team.page.locator("#rows .row-title").first).to_contain_text("Bakery")
    expect(team.page.locator("#rows")).not_to_contain_text(held.account.name)
    assert team.open(f"/decisions/{held.insight_id}/").status == 404
    assert team.open(f"/decisions/{released.insight_id}/").status == 200


def test_a_hold_out_is_signed_after_a_preview(floor: Floor, desks: Desks) -> None:
    floor.insight(now=database_now())
    desk = at(desks, floor, "leader", "/proof/")
    desk.page.get_by_role("link", name="Look at what it would have done").click()
    desk.page.get_by_label("Insight type").select_option("churn_risk")
    desk.page.get_by_label("Last day").fill((database_now() + timedelta(days=100)).date().isoformat())
    desk.page.get_by_role("button", name="Look at what it would have done").click()
    expect(desk.page.locator("section:has(#shown)")).to_contain_text("Something was begun for 1 account")
    assert faults(desk) == []
    desk.page.get_by_role("button", name="Sign and begin").click()
    expect(desk.page.locator(".error-summary")).to_contain_text("Tick this")
    desk.page.get_by_label("What you want to find out").fill("Does calling help?")
    desk.page.get_by_label("I sign for it").check()
    desk.page.get_by_role("button", name="Sign and begin").click()
    desk.page.locator("#messages").get_by_text("The hold-out has begun").wait_for()
    assert HoldOut.objects.get().why == "Does calling help?"


def test_a_stop_wants_words(floor: Floor, desks: Desks) -> None:
    draw(floor)
    desk = at(desks, floor, "leader", "/proof/")
    desk.page.get_by_text("Stop it before its last day").click()
    desk.page.get_by_role("button", name="Stop and release everybody").click()
    desk.page.get_by_text("Say why it is stopped").wait_for()
    desk.page.get_by_label("Why").fill("Too many complaints.")
    desk.page.get_by_role("button", name="Stop and release everybody").click()
    desk.page.get_by_text("everybody is released").first.wait_for()
    assert not Allocation.objects.held_now().exists()
