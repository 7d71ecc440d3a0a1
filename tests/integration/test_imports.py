"""Files: every make of file, what is refused before anything lands, and what comes back."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import load_workbook

from accounts.models import Account
from core.bulk import execute
from core.enums import Role
from intake.enums import ImportStatus, Scope
from intake.models import Import, Landed, Record, RejectedRow, Source
from intake.queries import rejected_as_csv
from intake.services import ImportRefused, imports, run_import, run_waiting_imports, start_import
from intake.services.sheets import pack_workbook
from tests.conftest import ApiClient
from tests.factories import NOW, make_account, make_source, make_token, make_user

pytestmark = pytest.mark.django_db
HEADER = "account_id,insight_type,horizon_days,scored_at,confidence,model,model_version,factors"
FACTORS = '"[{""name"": ""usual gap"", ""value"": 181.0, ""contribution"": 1.2}]"'


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> Path:
    settings.CX_DATA_DIR = tmp_path
    return tmp_path


def row(account: str, confidence: str = "0.93", **changes: str) -> str:
    values = {"type": "churn_risk", "at": "2026-02-28T06:00:00Z", "factors": FACTORS} | changes
    return f"{account},{values['type']},91,{values['at']},{confidence},house-logit,1,{values['factors']}"


def file_of(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def load(source: Source, content: bytes, *, kind: str = "scores", **fields: Any) -> Import:
    made = start_import(file=[content], filename="scores.csv", kind=kind, source=source, by=None, now=NOW, **fields)
    return run_import(made.id, NOW)


def test_rows_land_and_the_rest_comes_back(source: Source) -> None:
    make_account(external_id="A1", source=source)
    content = file_of(
        row("A1"),
        row("nobody"),
        row("A1", "93 %"),
        row("A1", at="2999-01-01T00:00:00Z"),
        row("A1", type="nonsense"),
        row("A1"),
        row("A1", "0.5"),
        row("A2", factors="no admin"),
        row("A3") + ",one too many",
    )
    done = load(source, content)
    assert (done.status, done.rows_total, done.rows_done) == ("done", 9, 9)
    assert done.counts == {"accepted": 1, "parked": 2, "duplicate": 1, "rejected": 5}
    rejected = RejectedRow.objects.filter(of=done).order_by("row")
    assert [(bad.row, bad.column, bad.code) for bad in rejected] == [
        (3, "confidence", "not_a_number"),
        (4, "scored_at", "in_future"),
        (5, "insight_type", "unknown_type"),
        (7, "", "external_id_reused"),
        (9, "", "too_many_cells"),
    ]
    assert Record.objects.count() == Landed.objects.count() == 3
    assert Record.objects.get(external_id__contains="A2").payload["factors"] == [{"name": "no admin"}]
    assert Record.objects.order_by("id")[0].payload["factors"][0]["name"] == "usual gap"
    assert Record.objects.order_by("id")[0].landed_at == NOW


def test_the_same_file_twice_changes_nothing_and_says_so(source: Source) -> None:
    make_account(external_id="A1", source=source)
    content = file_of(row("A1"), row("A2"))
    load(source, content)
    assert load(source, content).counts == {"duplicate": 2}
    assert Record.objects.count() == 2


def test_the_rejected_rows_can_be_mended_and_sent_again(source: Source) -> None:
    done = load(source, file_of(row("A1", "93 %"), row("=A2", "7")))
    text = "".join(rejected_as_csv(done))
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [bad["_row"] for bad in rows] == ["2", "3"], "as a spreadsheet counts: the header is line 1"
    assert rows[0]["_value"] == "93 %"
    assert rows[1]["account_id"] == "'=A2"
    mended = text.replace("93 %", "0.93").replace(",7,", ",0.7,")
    assert load(source, mended.encode()).counts == {"parked": 2}
    assert set(Landed.objects.values_list("about_value", flat=True)) == {"A1", "=A2"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_rejected_rows_come_back_as_they_were_sent(source: Source, encoding: str, client: Client) -> None:
    client.force_login(make_user(role=Role.OPS))
    text = "Konto;Name;Umsatz;ARR currency\nK1;Müller;-;EUR\nK2;;'-5 EUR;EUR\n"
    mapping = {"Konto": "external_id", "Name": "name", "Umsatz": "arr", "ARR currency": "arr_currency"}
    done = load(source, text.encode(encoding), kind="accounts", mapping=mapping)
    assert done.counts == {"created": 1, "rejected": 1}
    got = b"".join(client.get(f"/imports/{done.pk}/errors.csv").streaming_content)  # type: ignore[attr-defined]
    lines = got.decode(encoding).splitlines()
    assert lines[0].startswith("Konto;Name;Umsatz;ARR currency;_row;")
    assert lines[1].startswith("K2;;'-5 EUR;EUR;3;")
    mended = got.decode(encoding).replace("K2;;'-5 EUR", "K2;Weiß;5").encode(encoding)
    assert load(source, mended, kind="accounts", mapping=mapping).counts == {"created": 1}


def test_rejected_rows_of_a_workbook_come_back_as_one(source: Source, client: Client) -> None:
    client.force_login(make_user(role=Role.OPS))
    packed = pack_workbook([["account_id", "name"], ["K1", "=1+1"], ["K2", ""]]).read()
    made = start_import(file=[packed], filename="a.xlsx", kind="accounts", source=source, by=None, now=NOW)
    assert run_import(made.id, NOW).counts == {"created": 1, "rejected": 1}
    got = b"".join(client.get(f"/imports/{made.pk}/errors.csv").streaming_content)  # type: ignore[attr-defined]
    rows = list(load_workbook(io.BytesIO(got)).active.values)
    assert rows[1][:2] == ("K2", None)
    assert Account.objects.get().name == "=1+1"


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda text: text.encode(), id="utf-8"),
        pytest.param(lambda text: text.encode("utf-8-sig"), id="bom"),
        pytest.param(lambda text: text.encode("utf-16"), id="utf-16"),
        pytest.param(lambda text: text.encode("cp1252"), id="windows-1252"),
        pytest.param(lambda text: gzip.compress(text.encode()), id="gzip"),
        pytest.param(lambda text: text.replace("\n", "\r\n").encode(), id="crlf"),
        pytest.param(lambda text: text.replace("\n", "\n\n").encode(), id="blank lines"),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_make_of_file(source: Source, make: Any, delimiter: str) -> None:
    text = "\n".join(
        delimiter.join(cells)
        for cells in (
            ["account_id", "insight_type", "scored_at", "confidence", "model", "model_version", "reason", "note"],
            ["Café", "churn_risk", "2026-02-28T06:00:00Z", "0.93", "m", "1", "usage_drop", "naïve"],
            ["B", "churn_risk", "2026-02-28T06:00:00Z", "0.5", "m", "1", "", ""],
        )
    )
    done = load(source, make(text + "\n"))
    assert done.counts == {"parked": 2}, done.message
    assert set(Landed.objects.values_list("about_value", flat=True)) == {"Café", "B"}
    assert "note" in done.message


def test_windows_1252_is_said(source: Source) -> None:
    done = load(source, file_of(row("Café")).decode().encode("cp1252"))
    assert "Windows-1252" in done.message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"account_id,name\nA1,Somebody\n", "insight_type"),
        (HEADER.replace("horizon_days", "model").encode() + b"\n", "occurs twice"),
        (b"PK\x03\x04\x00\x00\x00", "workbook cannot be read"),
        (b"a\x00b,c\n", "not a text file"),
        (gzip.compress(file_of(row("A1")))[:-12], "cut off"),
        (",".join(f"c{n}" for n in range(500)).encode(), "columns"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_at_once(source: Source, content: bytes, words: str) -> None:
    with pytest.raises(ImportRefused, match=words):
        load(source, content)
    assert not Import.objects.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (file_of(), "no rows"),
        (file_of(row("A1"), 'A2,churn_risk,91,"2026-02'), "cut off"),
        (file_of(row("A1"), "A2,churn_risk,91,2026-02")[:-1], "cut off"),
        (file_of(row("A1"), 'A2,"chu"rn,91'), "quotes in line 3"),
        (file_of(row("A1"), "A2," + "x" * 200_000), "too large"),
    ],
)
def test_a_broken_file_lands_nothing(source: Source, content: bytes, words: str) -> None:
    done = load(source, content)
    assert done.status == ImportStatus.FAILED
    assert words in done.message
    assert not Record.objects.exists()


def test_caps_on_the_file_and_on_what_it_unpacks_to(source: Source, settings: Any, data_dir: Path) -> None:
    settings.CX_IMPORT_MAX_BYTES = 100
    with pytest.raises(ImportRefused, match="too large") as refused:
        load(source, file_of(row("A1")))
    assert refused.value.status == 413
    settings.CX_IMPORT_MAX_BYTES, settings.CX_IMPORT_MAX_UNPACKED = 100_000, 10_000
    with pytest.raises(ImportRefused, match="unpacked"):
        load(source, gzip.compress(b"x" * 1_000_000))
    assert list((data_dir / "imports").iterdir()) == []


def test_a_mapping_names_other_columns(source: Source) -> None:
    content = file_of(row("A1")).replace(b"account_id", b"Customer").replace(b"confidence", b"Score")
    done = load(source, content, mapping={"Customer": "account_id", "Score": "confidence"})
    assert done.counts == {"parked": 1}
    with pytest.raises(ImportRefused, match="nonsense"):
        load(source, content, mapping={"Customer": "nonsense"})


def test_an_import_goes_on_where_it_was_killed(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "CHUNK_ROWS", 2)
    content = file_of(*(row(f"A{number}") for number in range(7)))
    made = start_import(file=[content], filename="x.csv", kind="scores", source=source, by=None, now=NOW)
    half = run_import(made.id, NOW, seconds=0)
    assert (half.status, half.rows_done) == ("running", 2)
    execute("UPDATE intake_import SET leased_until = clock_timestamp() + interval '1 minute'")
    assert run_import(made.id, NOW).rows_done == 2, "somebody else holds it"
    execute("UPDATE intake_import SET leased_until = clock_timestamp() - interval '1 second'")
    assert run_waiting_imports(NOW) == 1
    done = Import.objects.get()
    assert (done.status, done.rows_done, done.counts) == ("done", 7, {"parked": 7})
    assert run_waiting_imports(NOW) == 0


def test_two_workers_never_land_one_chunk_twice(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    content = file_of(row("A1"))
    made = start_import(file=[content], filename="x.csv", kind="scores", source=source, by=None, now=NOW)
    take = imports.take_rows

    def overtaken(*args: Any, **kwargs: Any) -> Any:
        Import.objects.update(rows_done=1, counts={"parked": 1})
        return take(*args, **kwargs)

    monkeypatch.setattr(imports, "take_rows", overtaken)
    run_import(made.id, NOW)
    assert not Record.objects.exists(), "what the slower one did is rolled back"


def test_by_api(api: ApiClient, source: Source) -> None:
    make_account(external_id="A1", source=source)
    answer = upload(api, file_of(row("A1"), row("A1", "7")))
    assert answer.status_code == 202, answer.content
    assert answer.json()["progress"] == {"rows": None, "done": 0, "rejected": 0}
    run_waiting_imports(NOW)
    read = api.read(f"/api/v1/imports/{answer.json()['id']}").json()
    assert read["status"] == "done"
    assert read["progress"] == {"rows": 2, "done": 2, "rejected": 1}
    errors = api.read(read["errors_url"])
    assert errors["Content-Type"].startswith("text/csv")
    assert b"_message" in b"".join(errors.streaming_content)
    assert api.read("/api/v1/imports?status=done").json()["results"][0]["id"] == read["id"]


def upload(api: ApiClient, content: bytes, **fields: Any) -> Any:
    headers = {"Authorization": f"Bearer {api.token}"}
    if "key" in fields:
        headers["Idempotency-Key"] = fields.pop("key")
    form = {"file": SimpleUploadedFile("scores.csv", content), "kind": "scores"} | fields
    return api.post("/api/v1/imports", form, headers=headers)


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"kind": "nonsense"}, 422, "scores"),
        ({"source": "another"}, 403, "house"),
        ({"mapping": "{"}, 422, "mapping"),
        ({"mapping": json.dumps({"a": "b"})}, 422, "mapping"),
        ({"file": SimpleUploadedFile("x.csv", b"")}, 422, "empty"),
        ({"file": SimpleUploadedFile("x.csv", b"a,b\n1,2\n")}, 422, "insight_type"),
    ],
)
def test_by_api_what_is_refused(api: ApiClient, fields: dict[str, Any], status: int, words: str) -> None:
    answer = upload(api, file_of(row("A1")), **fields)
    assert answer.status_code == status, answer.content
    assert words in answer.json()["detail"]


def test_by_api_once_per_key(api: ApiClient) -> None:
    first = upload(api, file_of(row("A1")), key="k")
    again = upload(api, file_of(row("A1")), key="k")
    assert first.json()["id"] == again.json()["id"]
    assert upload(api, file_of(row("A2")), key="k").status_code == 409


@pytest.mark.parametrize("scope", [Scope.ACCOUNTS_WRITE, Scope.EVENTS_WRITE])
def test_by_api_only_with_the_kind_s_scope(source: Source, scope: Scope) -> None:
    narrow = ApiClient(make_token(source, scope)[1])
    assert upload(narrow, file_of(row("A1"))).status_code == 403


def test_people_see_their_own_files_and_ops_sees_all(source: Source) -> None:
    made = load(source, file_of(row("A1")))
    path = f"/api/v1/imports/{made.id}"
    for role, status in ((Role.CSM, 404), (Role.OPS, 200)):
        client = Client()
        client.force_login(make_user(role=role))
        assert client.get(path).status_code == status


def test_a_score_is_known_by_what_it_says(source: Source) -> None:
    other = make_source("vendor")
    content = file_of(row("A1"), row("A1", at="2026-02-27T06:00:00Z"))
    assert load(source, content).counts == {"parked": 2}
    assert load(other, content).counts == {"parked": 2}
    assert Record.objects.values("external_id").distinct().count() == 2
