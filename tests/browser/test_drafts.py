"""A file to be confirmed, in the states that ask most of whoever reads it."""

from __future__ import annotations

import pytest

from intake.services.drafts import draft_import
from tests.browser.conftest import Desks
from tests.browser.looking import faults
from tests.factories import NOW
from tests.floor import Floor
from tests.pages import person

SCORES = "company_id,prediction,probability,scored_at,model,model_version,top_reason\n"
ASKS = f"{SCORES}A1,Upsell,0.9,2026-02-01T00:00:00Z,m,1,Seats 95 % used\n"
UNSURE = "company id,probability\nA1,0.5\n"
NONE_TAKEN = "account_id,name,planned renewal\nA1,-,2027-01-01\nA2,n/a,soon\n"
WITHOUT = "account_id,name,arr,arr_currency,csm\nA1,One,lots,EUR,nobody@example.com\nA2,,5,EUR,\n"


@pytest.mark.parametrize("content", [ASKS, UNSURE, NONE_TAKEN, WITHOUT], ids=["asks", "unsure", "none", "without"])
def test_a_draft_has_no_fault(floor: Floor, desks: Desks, content: str) -> None:
    made = draft_import(
        file=[content.encode()], filename="x.csv", kind="", source=floor.source, by=None, now=NOW
    )  # fmt: skip
    desk = desks.of(person(floor, "ops"))
    assert desk.open(f"/imports/{made.pk}/").status == 200
    assert faults(desk) == []
