"""Rejected rows that were mended and sent again: both reports know of each other."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from core.enums import Role
from intake.models import Import, RejectedRow, Source
from intake.queries import mended_rows, rejected_as_csv
from intake.services import run_import, start_import
from intake.services.sheets import pack_workbook
from intake.services.undoing import undo_import
from tests.conftest import ApiClient
from tests.factories import NOW, make_source, make_user

pytestmark = pytest.mark.django_db
FIRST = "account_id,name,tier\nA1,Acme,gold\nA2,,gold\nA3,,silver\nA4,,iron\n"


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> None:
    settings.CX_DATA_DIR = tmp_path


def bring(source: Source, text: str | bytes, name: str = "crm.csv", kind: str = "accounts") -> Import:
    body = text if isinstance(text, bytes) else text.encode()
    return run_import(start_import(file=[body], filename=name, kind=kind, source=source, by=None, now=NOW).id, NOW)


def to_mend(of: Import) -> str:
    return "".join(rejected_as_csv(of))


def test_what_was_mended_is_known_to_both_files(source: Source, client: Client) -> None:
    client.force_login(make_user(role=Role.OPS))
    first = bring(source, FIRST)
    assert first.counts == {"created": 1, "rejected": 3}
    mended = bring(source, to_mend(first).replace("A2,", "A2,Bolt"), "mended.csv")
    assert mended.counts == {"created": 1, "rejected": 2}
    assert mended.mends == first
    page = client.get(reverse("import", args=[first.pk])).content.decode()
    assert "1 of 3 rows that were not taken are in since, with" in page
    assert page.count("taken since</span>") == 1
    page = client.get(reverse("import", args=[mended.pk])).content.decode()
    assert "1 of its 3 rows that were not taken are in by now" in page
    assert reverse("import", args=[first.pk]) in page


def test_what_came_back_twice_is_still_of_the_first_file(source: Source) -> None:
    first = bring(source, FIRST)
    second = bring(source, to_mend(first).replace("A2,", "A2,Bolt"))
    text = to_mend(second)
    assert text.splitlines()[0] == "account_id,name,tier,_row,_column,_code,_message,_value,_file"
    assert [line.split(",")[3] for line in text.splitlines()[1:]] == ["4", "5"], "lines of the first file"
    third = bring(source, text.replace("A3,", "A3,Cask").replace("A4,", "A4,Dune"), "third.csv")
    assert (third.mends, third.counts) == (first, {"created": 2})
    found = mended_rows(first)
    assert found is not None
    assert (found.rows, found.of, [(name, count) for _id, name, count in found.files]) == (
        3, 3, [("crm.csv", 1), ("third.csv", 2)],
    )  # fmt: skip
    bring(source, text.replace("A3,", "A3,Cask").replace("A4,", "A4,Dune"))
    assert mended_rows(first) == found, "a row is mended once"


def test_a_mended_file_that_is_taken_back_mends_nothing(source: Source) -> None:
    first = bring(source, FIRST)
    mended = bring(source, to_mend(first).replace("A2,", "A2,Bolt"))
    undo_import(import_id=mended.pk, by=make_user("ops", role="ops"), now=NOW)
    assert mended_rows(first) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("_file", "_other"),
        lambda text: text.replace(text.rstrip().rpartition(",")[2], "nonsense"),
        lambda text: text.replace(text.rstrip().rpartition(",")[2], "01a21b43-8de9-736e-99e4-92b6564b186a"),
    ],
)
def test_a_file_that_names_no_file_of_ours_is_a_file_by_itself(source: Source, change: Any) -> None:
    first = bring(source, FIRST)
    again = bring(source, change(to_mend(first)).replace("A2,", "A2,Bolt"))
    assert (again.mends, again.counts) == (None, {"created": 1, "rejected": 2})
    assert mended_rows(first) is None


def test_of_another_source_it_is_a_file_by_itself(source: Source) -> None:
    first = bring(source, FIRST)
    assert bring(make_source("other"), to_mend(first).replace("A2,", "A2,Bolt")).mends is None
    assert mended_rows(first) is None


def test_rows_with_lines_that_are_none_mark_nothing(source: Source) -> None:
    first = bring(source, FIRST)
    for line in ("x", "", "99999999999999999999", "-1", "9"):
        bring(source, to_mend(first).replace("A2,,gold,3,", f"A2,Bolt,gold,{line},"))
    assert RejectedRow.objects.filter(of=first, mended_by=None).count() == 3


def test_a_mended_workbook_is_linked_too(source: Source, client: Client) -> None:
    client.force_login(make_user(role=Role.OPS))
    first = bring(source, pack_workbook([["account_id", "name"], ["K1", "One"], ["K2", ""]]).read(), "a.xlsx")
    got = b"".join(client.get(reverse("import_errors", args=[first.pk])).streaming_content)  # type: ignore[attr-defined]
    book = load_workbook(io.BytesIO(got))
    book.active["B2"] = "Two"
    kept = io.BytesIO()
    book.save(kept)
    again = bring(source, kept.getvalue(), "mended.xlsx")
    assert (again.mends, again.counts) == (first, {"created": 1})
    assert mended_rows(first).rows == 1  # type: ignore[union-attr]


def test_by_api(api: ApiClient, source: Source) -> None:
    first = bring(source, FIRST)
    mended = bring(source, to_mend(first).replace("A2,", "A2,Bolt"))
    told = api.read(f"/api/v1/imports/{first.pk}").json()
    assert (told["mends"], told["mended"]) == (None, 1)
    assert api.read(f"/api/v1/imports/{mended.pk}").json()["mends"] == str(first.pk)
