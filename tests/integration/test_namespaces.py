"""Rows about accounts that the source's ids do not name: the preview says whose ids they are, and offers them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import LedgerEntry
from core.enums import Role
from insights.models import Insight
from intake.models import Import, Landed, Record, Source
from intake.services.drafts import draft_import, preview_of
from tests.factories import NOW, make_account, make_source, make_user
from tests.floor import signed_in

pytestmark = pytest.mark.django_db
ORDERS = "account_id,ordered_on,amount,currency\nA1,2026-02-01,5,USD\nA2,2026-02-02,7,USD\nA9,2026-02-03,7,USD\n"
SCORES = (
    "account_id,insight_type,horizon_days,scored_at,confidence,model,model_version\n"
    "A1,churn_risk,91,2026-02-28T06:00:00Z,0.93,house,1\nA2,churn_risk,91,2026-02-28T06:00:00Z,0.93,house,1\n"
)


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> Path:
    settings.CX_DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def crm() -> Source:
    crm = make_source("hubspot")
    for name in ("A1", "A2"):
        make_account(external_id=name, source=crm)
    make_source("empty")
    return crm


def draft(source: Source, text: str, kind: str) -> Import:
    return draft_import(file=[text.encode()], filename="a.csv", kind=kind, source=source, by=None, now=NOW)


@pytest.mark.parametrize(("text", "kind", "known"), [(ORDERS, "orders", 2), (SCORES, "scores", 2)])
def test_the_ids_that_would_do_are_offered_and_taken(crm: Source, text: str, kind: str, known: int) -> None:
    model = make_source("retainly")
    of = draft(model, text, kind)
    found = preview_of(of).strangers
    assert found is not None
    assert (found.source, found.known) == (crm.slug, known)
    kept = [model.__name__ for model in (Insight, LedgerEntry, Landed, Record) if model.objects.exists()]
    assert kept == []

    client: Client = signed_in(make_user(role=Role.OPS))
    page = client.get(reverse("import", args=[of.pk])).content.decode()
    assert "Use the account ids of Hubspot" in page
    answer = client.post(reverse("import_ids", args=[of.pk]), {"source": found.source}, follow=True)
    assert "uses the account ids of Hubspot from now on" in answer.content.decode()
    model.refresh_from_db()
    of.refresh_from_db()
    assert model.account_namespace == crm
    assert preview_of(of).strangers is None
    assert client.post(reverse("import_ids", args=[of.pk]), {"source": "nobody"}, follow=True).status_code == 200


def test_rows_that_are_wrong_anyhow_do_not_hide_it(crm: Source) -> None:
    wrong = "".join(f"A1,churn_risk,91,2026-02-2{day}T06:00:00Z,1.35,house,1\n" for day in range(8))
    found = preview_of(draft(make_source("retainly"), SCORES + wrong, "scores")).strangers
    assert found is not None
    assert (found.rows, found.source, found.known) == (2, crm.slug, 2)


def test_where_no_ids_would_do_it_is_said(crm: Source) -> None:
    of = draft(make_source("retainly"), SCORES.replace("A1", "X1").replace("A2", "X2"), "scores")
    found = preview_of(of).strangers
    assert found is not None
    assert (found.rows, found.source) == (2, "")
    page = signed_in(make_user(role=Role.OPS)).get(reverse("import", args=[of.pk])).content.decode()
    assert "Bring the accounts first" in page
    assert "Retainly has no account “X1”, for one." in page


def test_where_the_source_uses_other_ids_it_is_said_whose(crm: Source) -> None:
    people = "contact_id,account_id,name\nC1,X1,Ana\nC2,X2,Bo\n"
    of = draft(make_source("desk", account_namespace=crm), people, "contacts")
    page = signed_in(make_user(role=Role.OPS)).get(reverse("import", args=[of.pk])).content.decode()
    assert "Hubspot has no account “X1”, for one. Desk calls accounts by the ids of Hubspot: bring its accounts" in page
    assert "Import 2 rows" in page
    assert 'class="button primary" type="submit" data-submit' not in page, "all of them would only wait"


def test_nothing_is_offered_where_the_ids_are_known(crm: Source) -> None:
    assert preview_of(draft(crm, SCORES, "scores")).strangers is None
