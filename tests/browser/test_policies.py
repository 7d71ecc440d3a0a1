"""The policies in a real browser: a cell changed, an edge moved by keyboard, and everything opened."""

from __future__ import annotations

import pytest

from accounts.models import AccountPerson
from core.models import Organisation
from decisions.models import AuthorityBand, OwnershipPolicy
from tests.browser.conftest import Desk, Desks
from tests.browser.looking import faults
from tests.factories import make_account, make_user
from tests.floor import Floor

OWNERSHIP, AUTHORITY = "/policies/ownership/", "/policies/authority/"


@pytest.fixture
def desk(floor: Floor, desks: Desks) -> Desk:
    floor.new_account("Bluebell", tier="strategic")
    floor.insight("0.93")
    return desks.of(floor.lead)


def test_a_role_is_changed_asked_for_and_discarded(desk: Desk) -> None:
    desk.open(OWNERSHIP)
    page = desk.page
    page.click("tr:has(th:text('Churn risk')) .mcell >> nth=1")
    page.locator("#cell-title:focus").wait_for()
    page.select_option("#cell-role", "marketer")
    page.click("#cell button:text('Set in the draft')")
    page.locator("#draft").wait_for()
    assert "Churn risk × Strategic: new, Marketer" in desk.text("#draft")
    page.fill("#id_q", "Bluebell")
    page.select_option("#id_type", "churn_risk")
    page.click("#ask button[type=submit]")
    page.locator(".answer >> nth=1").wait_for()
    assert page.locator("#draft button:text('Publish version 2')").is_visible()
    page.click("#draft button:text('Discard the draft')")
    page.click("#confirm-dialog [value=ok]")
    page.locator(".in-force").wait_for()
    assert not OwnershipPolicy.objects.filter(state="draft").exists()


def test_an_edge_is_moved_by_keyboard(desk: Desk) -> None:
    desk.open(f"{AUTHORITY}?set=churn_risk.")
    page = desk.page
    page.focus(".knob-human")
    with page.expect_response(lambda answer: "human=0.92" in answer.url):
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
    page.locator("#set-table:has-text('0.92 – 1.00')").wait_for()
    assert page.input_value("#id_bands_human") == "0.92"
    page.click("#set-form button[type=submit]")
    page.locator("#draft").wait_for()
    assert AuthorityBand.objects.filter(policy__state="draft", type="churn_risk", lower="0.92").exists()


def test_with_everything_opened_nothing_is_wrong(desk: Desk) -> None:
    wrong = {}
    for path in (f"{OWNERSHIP}?cell=churn_risk.strategic...", f"{AUTHORITY}?set=churn_risk."):
        desk.open(path)
        for details in desk.page.locator("main details").all():
            details.locator("summary").first.click()
        if found := faults(desk):
            wrong[path] = found
    assert wrong == {}


def test_without_scripts_it_is_forms(floor: Floor, desks: Desks) -> None:
    floor.new_account("Bluebell", tier="strategic")
    page = (desk := desks.of(floor.lead, java_script_enabled=False)).page
    page.goto(f"{desk.base}{OWNERSHIP}?cell=churn_risk.strategic...")
    page.select_option("#cell-role", "marketer")
    page.click("#cell button:text('Set in the draft')")
    assert "Churn risk × Strategic: new, Marketer" in desk.text("#draft")
    page.goto(f"{desk.base}{AUTHORITY}?set=churn_risk.")
    assert not page.locator(".slider").is_visible()
    page.fill("#id_bands_human", "0.95")
    page.click("#set-form button[type=submit]")
    assert "human action from 0.95 instead of 0.90" in desk.text("#draft")


def test_the_readmes_red_cell_is_mended(floor: Floor, desks: Desks) -> None:
    """A region without a team: its cell is red, until another role takes it. What is published, is tested elsewhere."""
    hana = make_user("hana", first_name="Hana", team=floor.team)
    stray = make_account("Foxglove Studio", tier="digital", region="latam", source=floor.source)
    AccountPerson.objects.create(account=stray, user=hana, role="account_executive")
    Organisation.objects.update(catch_all=None)
    desk = desks.of(floor.lead)
    desk.open(OWNERSHIP)
    page = desk.page
    assert page.locator("tr:has(th:text('Churn risk')) .is-red").count() == 2
    page.click("text=Add a cell for a region")
    for name, value in (("type", "churn_risk"), ("region", "latam"), ("role", "account_executive")):
        page.select_option(f"details[open] [name={name}]", value)
    page.click("button:text('Add to the draft')")
    assert page.locator("#draft td").all_inner_texts() == ["Churn risk", "Nobody", "Hana", "1"]
    assert page.locator("tr:has(th:text('Churn risk')) .is-red").count() == 0
    assert page.locator("#draft button:text('Publish version 2')").is_visible()
