"""The exports of well-known systems: each takes two clicks, and its report adds up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from core.enums import Role
from intake.enums import ImportStatus
from intake.models import Import
from intake.services import run_waiting_imports
from tests.factories import NOW, make_account, make_organisation, make_source, make_user
from tests.fixtures import exports

pytestmark = pytest.mark.django_db

# An export of each system → its kind, and what its rows come to where the accounts that they are about are there.
PRESETS = {
    "HubSpot": (exports.HUBSPOT, "accounts", {"created": 2}),
    "Salesforce": (exports.SALESFORCE_API, "accounts", {"created": 2}),
    "Salesforce, a report": (exports.SALESFORCE_REPORT, "accounts", {"created": 2}),
    "Stripe, customers": (exports.STRIPE_CUSTOMERS, "accounts", {"created": 2}),
    "Stripe, payments": (exports.STRIPE_PAYMENTS, "orders", {"created": 1, "rejected": 1}),
    "Zendesk": (exports.ZENDESK, "tickets", {"created": 1, "parked": 1}),
    "Intercom": (exports.INTERCOM, "conversations", {"created": 1}),
    "ChurnZero": (exports.CHURNZERO, "accounts", {"created": 2}),
    "Gainsight": (exports.GAINSIGHT, "accounts", {"created": 2}),
}


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> None:
    settings.CX_DATA_DIR = tmp_path
    make_organisation(reporting_currency="USD")


@pytest.mark.parametrize("system", sorted(PRESETS))
def test_each_known_export_takes_two_clicks_and_adds_up(system: str) -> None:
    content, kind, counts = PRESETS[system]
    client, shop = Client(), make_source("shop")
    client.force_login(make_user(role=Role.OPS))
    make_account("Bluebell Dental", domain="bluebell.example")
    make_account("North Bakery", external_id="cus_A1", source=shop)
    raw = content if isinstance(content, bytes) else content.encode("cp1252" if system == "ChurnZero" else "utf-8")
    own = {"source": str(shop.pk)} if system == "Stripe, payments" else {"source": "new", "source_name": system}
    sent = client.post("/imports/", {"file": SimpleUploadedFile("export.csv", raw)} | own)
    assert sent.status_code == 302, sent.content.decode()[-2000:]
    assert "To be settled first." not in client.get(sent["Location"]).content.decode()
    assert client.post(f"{sent['Location']}confirm/").status_code == 302
    run_waiting_imports(NOW)
    done = Import.objects.get()
    assert (done.kind, done.counts, done.status) == (kind, counts, ImportStatus.DONE)
    assert sum(done.counts.values()) == done.rows_done == done.rows_total
    assert "adds up to the rows read" in client.get(sent["Location"]).content.decode()
