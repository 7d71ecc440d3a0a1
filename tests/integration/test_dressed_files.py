"""What programs and people do to a file on its way: lines for Excel, two encodings, covers, zeros, other currencies."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from accounts.models import Account
from intake.models import Source
from tests.factories import make_organisation
from tests.integration.test_drafts import account, bring

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> None:
    settings.CX_DATA_DIR = tmp_path
    make_organisation(reporting_currency="USD")


def book_with_a_cover() -> bytes:
    book, stream = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["Export of March"])
    sheet = book.create_sheet("Data")
    for row in (["account_id", "name"], ["A1", "Müller"]):
        sheet.append(row)
    book.save(stream)
    return stream.getvalue()


DRESSED = {
    "a line for Excel": "sep=;\naccount_id;name\nA1;Müller\n".encode(),
    "a quoted line for Excel": '\ufeff"sep=|"\r\naccount_id|name\r\nA1|Müller\r\n'.encode(),
    "a line for Excel above one known name": "sep=;\naccount_id;name;foo\nA1;Müller;x\n".encode(),
    "blanks before quotes": '"account_id", "name"\n"A1", "Müller"\n'.encode(),
    "two encodings": "account_id,name\nA1,Müller\nA2,Café Zoë\n".encode() + "A3,Düsse\n".encode("cp1252"),
    "a NUL": b"account_id,name" + b",x" * 50 + "\nA1,M\0üller\n".encode(),
    "a cover sheet": book_with_a_cover(),
}


@pytest.mark.parametrize("content", DRESSED.values(), ids=DRESSED)
def test_what_programs_add_to_a_file_is_no_part_of_it(source: Source, content: bytes) -> None:
    done = bring(source, content)
    assert set(done.counts) == {"created"}
    assert account("A1").name == "Müller"
    assert "title" not in done.message
    assert {one.name for one in Account.objects.all()} <= {"Müller", "Café Zoë", "Düsse"}


def test_a_sum_in_another_currency_than_its_column_is_left_out(source: Source) -> None:
    done = bring(source, "account_id,name,arr\nA1,One,€100\nA2,Two,$200\nA3,Three,GBP 5\nA4,Four,6\n")
    assert done.counts == {"created": 4}
    said = {one.name: (one.arr_amount, one.arr_currency) for one in Account.objects.all()}
    assert said == {"One": (None, ""), "Two": (200, "USD"), "Three": (None, ""), "Four": (6, "USD")}
    assert [one.message.split(",")[0] for one in done.warnings.order_by("row")] == ["This is in EUR", "This is in GBP"]


@pytest.mark.parametrize(
    ("zero", "real"), [("1900-01-01", "2026-12-31"), ("1899-12-30", "2026-12-31"), ("01/01/1900", "31/12/2026")]
)
def test_the_day_that_a_spreadsheet_shows_for_nothing_is_none(source: Source, zero: str, real: str) -> None:
    done = bring(source, f"account_id,name,renews_on\nA1,One,{zero}\nA2,Two,{real}\n")
    assert account("A1").renews_on is None
    assert account("A2").renews_on == date(2026, 12, 31)
    assert "what a spreadsheet shows" in done.warnings.get().message
