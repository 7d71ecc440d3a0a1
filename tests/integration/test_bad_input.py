"""Bad input by every door, the browser, the API and the command: clear words, nothing lost, nothing half-written."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import Account, Event
from core.bulk import database_now
from core.enums import Role
from intake.enums import ImportStatus, Scope
from intake.models import Import, RejectedRow, Source, SourceMapping
from intake.services import run_waiting_imports
from tests.factories import make_organisation, make_token, make_user
from tests.fixtures import exports
from tests.integration.test_drafts import bomb

pytestmark = pytest.mark.django_db
ACCOUNTS = "account_id,name,parent\n"
EVENTS = "account_id,event,timestamp\n"


class Case(NamedTuple):
    """A file, its kind (`""`: to be seen from it), words that must be said, and how many of its rows are good.

    rejected: how many rows come back; None: the file as a whole is refused.
    """

    content: bytes
    kind: str
    words: str
    good: int = 0
    rejected: int | None = None
    name: str = "file.csv"


CASES = {
    "another kind under a saved mapping": Case(exports.ZENDESK.encode(), "accounts", "It looks like tickets."),
    "a cycle of parents": Case(f"{ACCOUNTS}A1,One,A2\nA2,Two,A1\nA3,Three,\n".encode(), "", "parent", 1, 2),
    "its own parent": Case(f"{ACCOUNTS}A1,One,A1\nA3,Three,\n".encode(), "", "cannot be its own parent", 1, 1),
    "an unknown parent": Case(f"{ACCOUNTS}A1,One,X\nA3,Three,\n".encode(), "", "parent", 1, 1),
    "a gzip bomb": Case(gzip.compress(b"a,b\n" + b"0" * 80_000_000), "accounts", "unpacked"),
    "a bomb of a workbook": Case(bomb(), "", "unpacked", name="file.xlsx"),
    "50 MB of one line": Case(b"x" * 50_000_000, "accounts", "too long to hold the names of columns"),
    "50 MB of one line below a header": Case(
        b"account_id,name\n" + b"x" * 50_000_000, "accounts", "too long to be a row"
    ),
    "one quote that is never closed": Case(
        b'account_id,name\nA1,"One\n' + b"A2,Two\n" * 500_000, "accounts", "Is a quote before it not closed?"
    ),
    "a future event": Case(
        f"{EVENTS}A1,Sign,2200-01-01T00:00:00Z\nA1,Sign,2026-02-01T00:00:00Z\n".encode(), "", "not happened", 1, 1
    ),
    "500 with one bad": Case(
        ("account_id,name\n" + "".join(f"A{n},{'' if n == 250 else 'Name'}\n" for n in range(500))).encode(),
        "", "name", 499, 1,
    ),
    "ids that a spreadsheet has shortened": Case(
        b"account_id,name\n1.23457E+11,One\n1.23457E+11,Two\nA3,Three\n", "", "has shortened this id", 1, 2
    ),
    "a line of totals": Case(
        b"account_id,name\nA1,One\nGrand Total,Grand Total\n", "", "line of totals", 1, 1
    ),
    "a name without end": Case(b"account_id,name\nA1,One\nA2," + b"x" * 500 + b"\n", "", "longer than 200", 1, 1),
    "a NUL far down": Case(
        b"account_id,name\n" + b"A,\n" * 30_000 + b"A1,O\0ne\nA2,Two\n", "", "is blank", 2, 30_000
    ),
    "a PDF": Case(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj", "accounts", "This is a PDF"),
    "a web page that is called a workbook": Case(
        b"<html><table><tr><td>account_id</td></tr></table></html>", "accounts", "web page", name="file.xls"
    ),
    "JSON": Case(b'[{"account_id": "A1", "name": "One"}]', "accounts", "This is JSON"),
    "columns that mean nothing": Case(b"a,b\n1,2\n", "", "cannot be seen"),
    "a moment that is none": Case(
        f"{EVENTS}A1,Sign,lately\nA1,Sign,2026-02-01T00:00:00Z\n".encode(), "", "not a date", 1, 1
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> None:
    settings.CX_DATA_DIR = tmp_path / "data"
    settings.CX_IMPORT_MAX_UNPACKED = 60_000_000
    (tmp_path / "data").mkdir()
    make_organisation(reporting_currency="USD")


@pytest.fixture
def crm(source: Source) -> Source:
    """A source that sent accounts before, in HubSpot's dress."""
    columns = {"Record ID": "account_id", "Company name": "name", "Company Domain Name": "domain"}
    SourceMapping.objects.create(source=source, kind="accounts", columns=columns, saved_at=database_now())
    return source


def in_the_browser(case: Case, source: Source, folder: Path) -> str:
    client = Client()
    client.force_login(make_user("ops", role=Role.OPS))
    file = SimpleUploadedFile(case.name, case.content)
    sent = client.post("/imports/", {"file": file, "source": str(source.pk), "kind": case.kind})
    if sent.status_code != 302:
        assert sent.status_code in (413, 422)
        return sent.content.decode()
    page = client.get(sent["Location"])
    assert page.status_code == 200
    answer = client.post(f"{sent['Location']}confirm/")
    assert answer.status_code in (302, 409, 422)
    run_waiting_imports(database_now())
    after = client.get(sent["Location"])
    assert after.status_code == 200
    return page.content.decode() + after.content.decode()


def by_api(case: Case, source: Source, folder: Path) -> str:
    token = make_token(source, Scope.ACCOUNTS_WRITE, Scope.EVENTS_WRITE)[1]
    headers = {"Authorization": f"Bearer {token}"}
    kind = case.kind or ("events" if case.content.startswith(EVENTS.encode()) else "accounts")
    form = {"file": SimpleUploadedFile(case.name, case.content), "kind": kind}
    answer = Client().post("/api/v1/imports", form, headers=headers)
    if answer.status_code != 202:
        assert answer.status_code in (413, 422)
        assert answer["Content-Type"].startswith("application/problem+json")
        return str(answer.json()["detail"])
    run_waiting_imports(database_now())
    of = Import.objects.get()
    return of.message + "".join(RejectedRow.objects.values_list("message", flat=True))


def by_command(case: Case, source: Source, folder: Path) -> str:
    path, out = folder / case.name, io.StringIO()
    path.write_bytes(case.content)
    try:
        call_command("import_file", path, f"--source={source.slug}", f"--kind={case.kind}", "--wait", stdout=out)
    except CommandError as refused:
        return str(refused)
    return out.getvalue() + "".join(RejectedRow.objects.values_list("message", flat=True))


@pytest.mark.parametrize("door", [in_the_browser, by_api, by_command])
@pytest.mark.parametrize("name", sorted(CASES))
def test_clear_words_and_nothing_half_written(
    name: str, door: Callable[[Case, Source, Path], str], crm: Source, tmp_path: Path
) -> None:
    case = CASES[name]
    said = door(case, crm, tmp_path)
    if not (case.words == "cannot be seen" and door is by_api):  # a call names its kind
        assert case.words in said
    taken = Account.objects.count() + Event.objects.count()
    assert taken == case.good
    if case.rejected is None:
        assert not Import.objects.filter(status=ImportStatus.DONE).exists()
    else:
        assert RejectedRow.objects.count() == case.rejected
        of = Import.objects.get()
        assert sum(of.counts.values()) == of.rows_done == case.good + case.rejected


def test_two_columns_of_one_field_by_api(crm: Source) -> None:
    token = make_token(crm, Scope.ACCOUNTS_WRITE)[1]
    mapping = {"a": "account_id", "b": "name", "c": "name"}
    form = {
        "file": SimpleUploadedFile("x.csv", b"a,b,c\n1,2,3\n"), "kind": "accounts", "mapping": json.dumps(mapping),
    }  # fmt: skip
    answer = Client().post("/api/v1/imports", form, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 422
    assert "“b” and “c” are both read as name" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/api/v1/accounts/bulk", "/api/v1/events/bulk", "/v1/batch"])
def test_five_hundred_with_one_bad_by_api(path: str, source: Source) -> None:
    token = make_token(source, Scope.ACCOUNTS_WRITE, Scope.EVENTS_WRITE)[1]
    items: list[dict[str, Any]]
    if path == "/api/v1/accounts/bulk":
        items = [{"external_id": f"A{n}", "name": "" if n == 250 else "Name"} for n in range(500)]
    elif path == "/api/v1/events/bulk":
        when = ("2026-02-01T00:00:00Z", "2200-01-01T00:00:00Z")
        items = [{"name": "x", "user_id": f"u{n}", "happened_at": when[n == 250]} for n in range(500)]
    else:
        items = [{"type": "track", "event": "" if n == 250 else "x", "userId": f"u{n}"} for n in range(500)]
    body: Any = {"batch": items} if path == "/v1/batch" else items
    headers = {"Authorization": f"Bearer {token}"}
    answer = Client().post(path, json.dumps(body), content_type="application/json", headers=headers)
    assert answer.status_code == 200
    assert Account.objects.count() + Event.objects.count() == 499
    if path != "/v1/batch":
        [bad] = [row for row in answer.json()["results"] if row["status"] == "rejected"]
        assert bad["index"] == 250
        assert bad["errors"][0]["message"]
