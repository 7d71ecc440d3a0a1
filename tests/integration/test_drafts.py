"""A file before it counts: known exports with their traps, what its first rows would do, and the two clicks."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import Account, Activity, Contract, LedgerEntry
from core.enums import Role
from cx_ops.pipeline import advance_all
from intake.enums import ImportStatus
from intake.models import Import, Record, RejectedRow, Source, SourceMapping
from intake.rules.mapping import Use
from intake.services import ImportRefused, run_import, run_waiting_imports, start_import
from intake.services.drafts import change_draft, confirm_import, draft_import, preview_of
from intake.services.imports import stop_import
from intake.services.reading import columns_of
from tests.factories import NOW, make_account, make_organisation, make_source, make_user
from tests.fixtures import exports

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> Path:
    settings.CX_DATA_DIR = tmp_path
    make_organisation(reporting_currency="USD")
    return tmp_path


def draft(source: Source, content: bytes | str, kind: str = "", name: str = "export.csv") -> Import:
    raw = content.encode() if isinstance(content, str) else content
    return draft_import(file=[raw], filename=name, kind=kind, source=source, by=None, now=NOW)


def bring(source: Source, content: bytes | str, kind: str = "") -> Import:
    """A file by two clicks: sent, and confirmed as it was understood."""
    made = draft(source, content, kind)
    confirm_import(import_id=made.id, by=None, now=NOW)
    return run_import(made.id, NOW)


def snapshot() -> list[Any]:
    """Everything that an import may write."""
    models = (Account, Activity, Contract, LedgerEntry, Record)
    return [list(model._default_manager.order_by("pk").values()) for model in models]


def account(external_id: str) -> Account:
    return Account.objects.called(external_id).get()


def test_hubspot_companies(source: Source) -> None:
    done = bring(source, exports.HUBSPOT)
    assert (done.kind, done.counts) == ("accounts", {"created": 2}), list(RejectedRow.objects.values())
    bluebell = account("0012")
    assert (bluebell.name, bluebell.domain, bluebell.region) == ("Bluebell Dental", "bluebell.example", "norway")
    assert bluebell.arr_amount is None, "the customer's own revenue is not what we earn of it"
    assert bluebell.fields["annual_revenue"] == "1,200,000"
    assert bluebell.customer_since == date(2020, 2, 1)
    verne = account("0013")
    assert (verne.customer_since, verne.fields.get("company_owner")) == (None, None), "(No value) is nothing"


def test_salesforce_accounts_by_api_names(source: Source) -> None:
    done = bring(source, exports.SALESFORCE_API)
    assert (done.kind, done.counts) == ("accounts", {"created": 2}), list(RejectedRow.objects.values())
    freight, parcels = account("001D000000IqhSLIAZ"), Account.objects.get(name="Harbour Parcels")
    assert (freight.arr_amount, freight.arr_currency) == (Decimal("12500.50"), "EUR")
    assert freight.parent is None, "zeros are no parent"
    assert parcels.parent == freight, "15 characters are the same as 18"
    assert parcels.arr_amount is None


def test_a_salesforce_report_finds_the_same_accounts(source: Source) -> None:
    bring(source, exports.SALESFORCE_API)
    done = bring(source, exports.SALESFORCE_REPORT)
    assert done.kind == "accounts"
    assert sum(done.counts.values()) == 2
    assert Account.objects.count() == 2
    assert "Phone (2)" in done.message, "the second column of one name is told apart, and said"


def test_stripe_customers_below_a_title_line(source: Source) -> None:
    made = draft(source, exports.STRIPE_CUSTOMERS)
    assert any("title" in note for note in made.dialect["notes"])
    done = bring(source, exports.STRIPE_CUSTOMERS)
    assert (done.kind, done.counts) == ("accounts", {"created": 2}), list(RejectedRow.objects.values())
    assert account("cus_A1").customer_since == date(2024, 3, 1)
    assert account("cus_A2").domain == "", "a mailbox of gmail.com is nobody's domain"


def test_stripe_payments_that_failed_are_no_revenue(source: Source) -> None:
    make_account(external_id="cus_A1", source=source)
    done = bring(source, exports.STRIPE_PAYMENTS)
    assert (done.kind, done.counts) == ("orders", {"created": 1, "rejected": 1})
    assert LedgerEntry.objects.get().amount == Decimal("1250.00")
    assert RejectedRow.objects.get().code == "not_paid"


def test_zendesk_tickets(source: Source) -> None:
    make_account("Bluebell Dental", domain="bluebell.example")
    done = bring(source, exports.ZENDESK)
    assert (done.kind, done.counts) == ("tickets", {"created": 1, "parked": 1})
    ticket = Activity.objects.get()
    assert ticket.happened_at == datetime(2026, 2, 1, 8, tzinfo=UTC)
    assert ticket.summary.startswith('Login, "again"')
    assert (ticket.facts["priority"], ticket.facts["rating"]) == ("High", "Good")
    bring(source, "account_id,name,domain\nN1,Nowhere,nowhere.example\n")
    advance_all(NOW)
    assert Activity.objects.get(summary="Invoice").account == account("N1"), "it waited for its account"


def test_intercom_names_its_zone_in_the_header(source: Source) -> None:
    make_account("Bluebell Dental", domain="bluebell.example")
    done = bring(source, exports.INTERCOM)
    assert (done.kind, done.counts) == ("conversations", {"created": 1}), list(RejectedRow.objects.values())
    talk = Activity.objects.get()
    assert talk.happened_at == datetime(2026, 2, 1, 14, tzinfo=UTC)
    assert talk.facts["rating"] == "5"


def test_churnzero_in_european_dress(source: Source) -> None:
    done = bring(source, exports.CHURNZERO.encode("cp1252"))
    assert (done.kind, done.counts) == ("accounts", {"created": 2}), list(RejectedRow.objects.values())
    bluebell = account("007")
    assert (bluebell.renews_on, bluebell.customer_since) == (date(2026, 12, 31), date(2020, 2, 1))
    assert (bluebell.arr_amount, bluebell.arr_currency) == (Decimal("1200.50"), "USD")
    assert bluebell.fields["owneruseraccount"] == "Ana Alvarez", "a name is no log-in"
    assert account("008").name == "Café Verne"


def test_gainsight_companies(source: Source) -> None:
    done = bring(source, exports.GAINSIGHT)
    assert (done.kind, done.counts) == ("accounts", {"created": 2}), list(RejectedRow.objects.values())
    bluebell = account("1P01")
    assert (bluebell.renews_on, bluebell.arr_amount) == (date(2026, 12, 31), Decimal(120000))
    assert bluebell.fields["nps"] == "9"


def test_a_workbook_is_read_as_it_looks(source: Source) -> None:
    made = draft(source, exports.workbook(exports.ACCOUNTS_SHEET, hidden=True, macros=True), name="accounts.xlsm")
    notes = " ".join(made.dialect["notes"])
    assert "Accounts" in notes
    assert "macros" in notes
    confirm_import(import_id=made.id, by=None, now=NOW)
    assert run_import(made.id, NOW).counts == {"created": 2}
    assert account("0042").renews_on == date(2026, 12, 31)
    assert account("43").arr_amount == Decimal(900)


def bomb() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<x/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 20_000_000)
    return stream.getvalue()


def plain_archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("accounts.csv", "account_id,name\n")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (bomb(), "too large when it is unpacked"),
        (plain_archive(), "archive"),
        (exports.workbook(exports.ACCOUNTS_SHEET)[:900], "cannot be read"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 100, "old or encrypted"),
        (gzip.compress(exports.HUBSPOT.encode())[:-9], "cut off"),
        (exports.utf16(exports.HUBSPOT)[:-1], "ends within a character"),
        (b"x" * 3_000_000, "names of columns"),
        (b"a,b\n1,2\n", "cannot be seen"),
    ],
)
def test_what_cannot_be_read_is_refused_with_words(source: Source, content: bytes, words: str) -> None:
    with pytest.raises(ImportRefused, match=words):
        draft(source, content)
    assert not Import.objects.exists()


def test_one_endless_line_is_not_held_in_memory(source: Source) -> None:
    content = b"account_id,name\n" + b"x" * 9_000_000
    made = draft(source, content, "accounts")
    assert "too long" in preview_of(made).refused or "too large" in preview_of(made).refused


def test_a_million_empty_columns(source: Source) -> None:
    rows = [["Account ID", "Account name", *[None] * 3000, ""], ["A1", "One"], ["A2", "Two", *[""] * 3000]]
    assert bring(source, exports.workbook(rows)).counts == {"created": 2}
    wide = "account_id,name" + "," * 20_000 + "\nA1,One" + "," * 20_000 + "\n"
    assert bring(source, wide).counts == {"unchanged": 1}


def test_the_preview_is_the_real_thing_and_leaves_no_trace(source: Source) -> None:
    before = snapshot()
    content = "account_id,name,arr,arr_currency\nA1,One,10,USD\nA2,,5,USD\nA3,Three,lots,USD\n"
    made = draft(source, content)
    preview = preview_of(made)
    assert (preview.counts, preview.is_whole) == ({"created": 2, "rejected": 1}, True)
    assert [(one.column, one.count) for one in preview.troubles] == [("name", 1)]
    assert [(one.column, one.rows) for one in preview.warnings] == [("arr", 1)]
    assert snapshot() == before
    confirm_import(import_id=made.id, by=None, now=NOW)
    assert run_import(made.id, NOW).counts == preview.counts


def test_a_confirmed_mapping_serves_the_next_file_and_the_api(source: Source) -> None:
    header = "Kunde,Bezeichnung,Verlängerung"
    made = draft(source, f"{header}\nA1,One,01.02.2027\n", "accounts")
    assert "name" in preview_of(made).refused
    with pytest.raises(ImportRefused, match="name"):
        confirm_import(import_id=made.id, by=None, now=NOW)
    uses = {"Kunde": Use("account_id"), "Bezeichnung": Use("name"), "Verlängerung": Use("renews_on")}
    change_draft(import_id=made.id, kind="accounts", uses=uses, now=NOW)
    confirm_import(import_id=made.id, by=None, now=NOW)
    run_import(made.id, NOW)
    assert account("A1").renews_on == date(2027, 2, 1)
    assert bring(source, f"{header}\nA1,One,03.02.2027\n").counts == {"updated": 1}, "kind and columns as last time"
    assert account("A1").renews_on == date(2027, 2, 3)
    content = f"{header}\nA1,Uno,03.02.2027\n".encode()
    by_api = start_import(file=[content], filename="x.csv", kind="accounts", source=source, by=None, now=NOW)
    assert run_import(by_api.id, NOW).counts == {"updated": 1}


def test_a_file_of_another_kind_under_a_saved_mapping(source: Source) -> None:
    bring(source, exports.HUBSPOT)
    with pytest.raises(ImportRefused, match="not like the accounts") as refused:
        start_import(
            file=[exports.ZENDESK.encode()], filename="x.csv", kind="accounts", source=source, by=None, now=NOW
        )
    assert "tickets" in str(refused.value)


def test_day_and_month_are_asked_about(source: Source) -> None:
    content = "account_id,name,renews_on\nA1,One,03/04/2027\nA2,Two,05/06/2027\n"
    made = draft(source, content)
    assert "two ways" in preview_of(made).refused
    assert [guess.name for guess in columns_of(made) if guess.ask] == ["renews_on"]
    with pytest.raises(ImportRefused, match="two ways"):
        confirm_import(import_id=made.id, by=None, now=NOW)
    with pytest.raises(ImportRefused, match="two ways"):
        start_import(file=[content.encode()], filename="x.csv", kind="accounts", source=source, by=None, now=NOW)
    uses = {"account_id": Use("account_id"), "name": Use("name"), "renews_on": Use("renews_on", form="mdy")}
    change_draft(import_id=made.id, kind="accounts", uses=uses, now=NOW)
    confirm_import(import_id=made.id, by=None, now=NOW)
    run_import(made.id, NOW)
    assert account("A1").renews_on == date(2027, 3, 4)


def test_two_columns_are_never_one_field(source: Source) -> None:
    made = draft(source, "account_id,name,title\nA1,One,Uno\n")
    uses = {"account_id": Use("account_id"), "name": Use("name"), "title": Use("name")}
    with pytest.raises(ImportRefused, match="both read as name"):
        change_draft(import_id=made.id, kind="accounts", uses=uses, now=NOW)


def test_a_draft_is_confirmed_once_and_a_stopped_file_takes_no_more(source: Source) -> None:
    ops = make_user(role=Role.OPS)
    made = draft(source, "account_id,name\nA1,One\n")
    assert run_waiting_imports(NOW) == 0, "a draft waits for a person"
    confirm_import(import_id=made.id, by=ops, now=NOW)
    with pytest.raises(ImportRefused, match="meanwhile"):
        confirm_import(import_id=made.id, by=ops, now=NOW)
    stop_import(import_id=made.id, by=ops, now=NOW)
    assert run_import(made.id, NOW).status == ImportStatus.STOPPED
    assert not Account.objects.exists()
    with pytest.raises(ImportRefused, match="over"):
        stop_import(import_id=made.id, by=ops, now=NOW)


@pytest.mark.parametrize("content", [exports.HUBSPOT, exports.GAINSIGHT, exports.STRIPE_CUSTOMERS])
def test_the_same_file_twice_changes_nothing(source: Source, content: str) -> None:
    first = bring(source, content)
    again = bring(source, content)
    assert again.counts == {"unchanged": first.rows_done}


def test_a_file_to_be_confirmed_says_so_on_the_list(source: Source) -> None:
    client = Client()
    client.force_login(make_user(role=Role.OPS))
    draft(source, "account_id,name\nA1,One\nA2,Two\n")
    page = client.get("/imports/").content.decode()
    assert "To be confirmed" in page
    assert "2 accounts" in page
    assert "0 accounts" not in page
    draft(source, "account_id,name,since\nA1,One,03/04/2021\n", "accounts")
    Import.objects.update(preview={"refused": "One thing first."})
    assert client.get("/imports/").content.decode().count("To be confirmed") == 2


def test_two_clicks_in_the_browser(source: Source) -> None:
    client = Client()
    client.force_login(make_user(role=Role.OPS))
    sent = client.post(
        "/imports/",
        {"file": SimpleUploadedFile("a.csv", exports.HUBSPOT.encode()), "source": "new", "source_name": "HubSpot"},
    )
    assert sent.status_code == 302, sent.content.decode()[-2000:]
    page = client.get(sent["Location"]).content.decode()
    assert "Import 2 rows" in page
    assert "reads like an export of HubSpot" in page
    assert client.post(f"{sent['Location']}confirm/").status_code == 302
    run_waiting_imports(NOW)
    page = client.get(sent["Location"]).content.decode()
    assert "adds up" in page
    assert Source.objects.get(slug="hubspot").owner is not None
    assert SourceMapping.objects.get().kind == "accounts"


def test_the_columns_are_changed_in_the_browser(source: Source) -> None:
    client = Client()
    client.force_login(make_user(role=Role.OPS))
    made = draft(make_source("crm"), "account_id,name,since\nA1,One,03/04/2021\n")
    path = f"/imports/{made.id}/"
    twice = client.post(f"{path}columns/", {"kind": "accounts", "to-0": "account_id", "to-1": "name", "to-2": "name"})
    assert twice.status_code == 422
    assert "both read as name" in twice.content.decode()
    form = {"kind": "accounts", "to-0": "account_id", "to-1": "name", "to-2": "customer_since"}
    assert client.post(f"{path}columns/", form).status_code == 302
    page = client.get(path).content.decode()
    assert "Needs an answer" in page
    client.post(f"{path}columns/", form | {"form-2": "dmy"})
    client.post(f"{path}confirm/")
    run_waiting_imports(NOW)
    assert account("A1").customer_since == date(2021, 4, 3)
