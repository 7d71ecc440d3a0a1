"""The account's page and the palette, from the keyboard; the portfolio's filters without a reload."""

from __future__ import annotations

from datetime import timedelta

from accounts.models import Activity, Contract
from accounts.rules.segments import AccountFilter
from accounts.services import save_segment
from core.bulk import database_now
from tests.browser.conftest import Desks
from tests.factories import NOW, make_contract
from tests.floor import Floor


def test_the_palette_goes_to_an_account_from_the_keyboard(floor: Floor, desks: Desks) -> None:
    bluebell = floor.new_account("Bluebell Dental")
    desk = desks.of(floor.ana)
    desk.open("/queue/")
    desk.page.keyboard.press("Control+k")
    desk.page.locator("#palette").wait_for(state="visible")
    with desk.page.expect_response(lambda answer: answer.url.endswith("/search/?q=blue")):
        desk.page.keyboard.type("blue")
    desk.page.locator("#palette [aria-selected=true]", has_text="Bluebell Dental").wait_for()
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_url(f"**/accounts/{bluebell.pk}/")


def test_the_arrows_choose_and_escape_leaves(floor: Floor, desks: Desks) -> None:
    desk = desks.of(floor.ana)
    desk.open(f"/accounts/{floor.account.pk}/")
    desk.page.keyboard.press("Control+k")
    desk.page.locator("#palette-hits [role=option]").first.wait_for()
    chosen = desk.page.locator("#palette [aria-selected=true]")
    first = chosen.inner_text()
    desk.page.keyboard.press("ArrowDown")
    assert chosen.inner_text() != first
    assert desk.page.locator("[data-palette]").get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    desk.page.keyboard.press("ArrowUp")
    assert chosen.inner_text() == first
    desk.page.keyboard.press("Escape")
    desk.page.locator("#palette").wait_for(state="hidden")


def test_the_palette_does_what_the_page_can_do(floor: Floor, desks: Desks) -> None:
    desk = desks.of(floor.ana)
    desk.open(f"/accounts/{floor.account.pk}/")
    desk.page.keyboard.press("Control+k")
    with desk.page.expect_response(lambda answer: "q=log" in answer.url):
        desk.page.keyboard.type("log a call")
    desk.page.locator("#palette-actions [aria-selected=true]").wait_for()
    desk.page.keyboard.press("Enter")
    assert desk.page.evaluate("document.activeElement.name") == "text"


def test_a_call_is_logged_from_the_keyboard(floor: Floor, desks: Desks) -> None:
    desk = desks.of(floor.ana)
    desk.open(f"/accounts/{floor.account.pk}/")
    desk.page.keyboard.press("n")
    desk.page.keyboard.type("They stay for another year")
    desk.page.keyboard.press("Control+Enter")
    desk.page.locator("#timeline", has_text="They stay for another year").wait_for()
    activity = Activity.objects.get()
    assert (activity.kind, activity.by) == ("call", floor.ana)


def test_a_forecast_is_set_on_the_page(floor: Floor, desks: Desks) -> None:
    make_contract(floor.account, ends_on=database_now().date() + timedelta(days=200))
    desk = desks.of(floor.ana)
    desk.open(f"/accounts/{floor.account.pk}/")
    desk.page.locator(".forecast select").select_option("at_risk")
    desk.page.locator(".forecast button").click()
    desk.page.locator("#messages", has_text="In doubt").wait_for()
    assert Contract.objects.get().forecast == "at_risk"


def test_without_scripts_search_and_touch_work(floor: Floor, desks: Desks) -> None:
    desk = desks.of(floor.ana, java_script_enabled=False)
    desk.page.goto(desk.base + "/search/?q=acme")
    desk.page.locator("main .row").first.click()
    desk.page.locator("textarea[name=text]").fill("Said hello")
    desk.page.locator("#touch button[type=submit]").click()
    assert "Said hello" in desk.text("#timeline")


def test_filters_of_the_portfolio_change_the_list_alone(floor: Floor, desks: Desks) -> None:
    floor.new_account("Mid One", tier="mid")
    desk = desks.of(floor.ana)
    desk.open("/portfolio/")
    desk.page.locator("summary", has_text="More filters").click()
    with desk.page.expect_response(lambda answer: "tier=mid" in answer.url):
        desk.page.locator("select[name=tier]").select_option("mid")
    desk.page.wait_for_url("**tier=mid**")
    desk.page.locator("#list th a", has_text="Acme").wait_for(state="detached")
    assert desk.page.locator("#list th a", has_text="Mid One").is_visible()


def test_the_menu_of_the_last_line_of_a_table_is_whole(floor: Floor, desks: Desks) -> None:
    save_segment(name="Mid", wanted=AccountFilter(tier="mid"), by=floor.ana, now=NOW)
    desk = desks.of(floor.ana)
    desk.open("/segments/")
    desk.page.locator(".menu summary", has_text="Change").click()
    last = desk.page.get_by_role("button", name="Put away")
    box = last.bounding_box()
    assert box
    middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    assert last.evaluate("(button, [x, y]) => document.elementFromPoint(x, y) === button", middle)
