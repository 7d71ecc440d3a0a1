"""What changes is told by its name beside its id, to whoever may read names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from core.models import Team
from intake.queries.sight import FileSight
from intake.services.drafts import preview_of
from tests.factories import make_organisation, make_source, make_user
from tests.integration.test_drafts import bring, draft

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> None:
    settings.CX_DATA_DIR = tmp_path
    make_organisation(reporting_currency="USD")


def test_a_team_is_told_by_its_name(client: Client) -> None:
    source, team = make_source("crm"), Team.objects.create(name="EMEA")
    make_user("ana", role="csm", team=team)
    made = draft(source, "account_id,name,csm\nA1,Acme,ana\n", "accounts")
    assert {one.field: one.after for one in preview_of(made).changes}["team"] == "EMEA"


def test_the_currency_of_no_sum_keeps_no_row_away() -> None:
    made = draft(make_source("crm"), "account_id,name,currency\nA1,Acme,EUR\n", "accounts")
    preview = preview_of(made)
    assert made.mapping["currency"] == "arr_currency"
    assert (preview.counts, preview.refused) == ({"created": 1}, "")


def test_a_change_is_told_with_the_name_of_what_changes(client: Client) -> None:
    source, accounts = make_source("crm"), "account_id,name,tier\nA1,Acme,gold\n"
    bring(source, accounts, "accounts")
    files = {
        "accounts": (accounts.replace("gold", "iron"), "A1", "Acme"),
        "contacts": ("contact_id,account_id,name,email\nC1,A1,Ana Diaz,ana@example.com\n", "C1", "Ana Diaz"),
        "contracts": ("contract_id,account_id,starts_on,ends_on\nK1,A1,2026-01-01,2026-12-31\n", "K1", "Acme"),
        "tickets": ("ticket_id,account_id,opened_at\n7,A1,2026-02-01T09:00:00Z\n", "ticket/7", "Acme"),
    }
    client.force_login(make_user("otto", role="ops"))
    for kind, (text, id, name) in files.items():
        made = draft(source, text, kind)
        assert {(one.external_id, one.name) for one in preview_of(made).changes} == {(id, name)}
        below = f"Acme · {id}" if kind == "contacts" else id
        assert (
            f'{name}<small class="quiet block">{below}</small>' in client.get(f"/imports/{made.pk}/").content.decode()
        )
        hidden = FileSight(is_named=False)
        assert {(one.name, one.of) for one in preview_of(made, hidden).changes} == {("", "")}
