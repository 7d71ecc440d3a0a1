"""docs/monday-morning.md, followed to the letter: an empty system, three exports, and at the end somebody's work.

`-rP` prints how long the clicks took.
"""

from __future__ import annotations

import re
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from core.bulk import database_now
from core.enums import Role
from core.models import User
from cx_ops import pipeline
from intake.services.imports import run_waiting_imports
from playbooks.models import Task
from tests.browser.conftest import Desk, Desks
from tests.factories import make_organisation, make_team, make_user
from tests.fixtures.exports import workbook

ACCOUNTS = (
    "Record ID,Company name,Company owner,Annual Revenue,Renewal date,Lifecycle Stage\n"
    '0012,Bluebell Dental,ana@example.com,"1,200,000",03/04/2027,Customer\n'
    "0013,Café Verne,(No value),90000,05/06/2027,Customer\n"
    "0014,,ana@example.com,1000,07/08/2027,Customer\n"
)
ORDERS = [["Account ID", "Order ID", "Date", "Amount", "Currency"], ["0012", "o-1", "2026-01-10", 1250.5, "USD"]]
SCORES = (
    "company_id,prediction,probability,scored_at,model,model_version,top_reason\n"
    "0012,Churn,0.95,{at},retain,3,Usage fell by half\n"
    "0013,Churn,0.93,{at},retain,3,Champion left\n"
)


@pytest.fixture
def empty_firm(_django_db_helper: None, settings: Any, tmp_path: Path) -> None:
    settings.CX_DATA_DIR = tmp_path / "data"
    settings.CX_DATA_DIR.mkdir()
    make_organisation(reporting_currency="USD")
    make_user("ana", team=make_team("North"), in_pool=True)
    make_user("mara", role=Role.MANAGER, first_name="Mara")


@pytest.mark.usefixtures("empty_firm")
def test_three_exports_become_work(desks: Desks, tmp_path: Path) -> None:
    begun = time.monotonic()
    desk = desks.of(make_user("otto", role=Role.OPS))
    desk.open("/")
    assert desk.text("h1") == "From your exports to a working queue"

    follow(desk, "Bring accounts")
    send(desk.page, written(tmp_path / "companies.csv", ACCOUNTS.encode()), new="HubSpot")
    desk.page.get_by_label("What Company owner is").select_option(label="CSM")
    desk.page.get_by_label("How Renewal date is written").select_option(label="22/11/2026")
    read_again(desk.page)
    confirm(desk)
    assert "1 not taken" in flat(desk)

    follow(desk, "Name the catch-all")
    desk.page.get_by_label("Catch-all").select_option(label="Mara")
    desk.page.locator("main form button[type=submit]").first.click()

    desk.open("/")
    follow(desk, "Bring orders")
    send(desk.page, written(tmp_path / "orders.xlsx", workbook(ORDERS)), known="HubSpot")
    confirm(desk)

    follow(desk, "Bring scores")
    at = f"{database_now() - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    send(desk.page, written(tmp_path / "scores.csv", SCORES.format(at=at).encode()), new="Retainly")
    desk.page.get_by_label("“Churn” means").select_option(label="Churn risk")
    read_again(desk.page)
    confirm(desk)

    follow(desk, "Look at the work")
    print(f"three exports to work: {time.monotonic() - begun:.1f} s of clicks")  # noqa: T201
    assert set(Task.objects.values_list("account__name", "assignee__username")) == {
        ("Bluebell Dental", "ana"),
        ("Café Verne", "mara"),
    }

    queue = desks.of(User.objects.get(username="ana"))
    queue.open("/queue/")
    assert "Bluebell Dental" in queue.text("main")


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def follow(desk: Desk, name: str) -> None:
    desk.page.get_by_role("link", name=name).first.click()
    desk.page.wait_for_load_state()


def send(page: Page, file: Path, *, new: str = "", known: str = "") -> None:
    page.set_input_files("input[type=file]", file)
    page.get_by_label("Source", exact=True).select_option(label=known or "A new one, named below")
    if new:
        page.locator("[name=source_name]").fill(new)
    page.get_by_role("button", name="Send").click()
    page.wait_for_load_state()


def read_again(page: Page) -> None:
    page.get_by_role("button", name="Read again").click()
    page.wait_for_load_state()


def confirm(desk: Desk) -> None:
    """Press Import and do what the workers would."""
    desk.page.get_by_role("button", name=re.compile("^Import")).click()
    desk.page.wait_for_load_state()
    run_waiting_imports(database_now())
    pipeline.advance_all()
    desk.page.reload()
    desk.page.wait_for_selector("text=Next:")


def flat(desk: Desk) -> str:
    return " ".join(desk.text("main").split())
