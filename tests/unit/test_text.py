"""core.text and core.export: what may come in, and how it goes out."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.export import read_cell, safe_cell
from core.text import clean_json, clean_text


@pytest.mark.parametrize(
    "text",
    ["\x00", "\x1b[31m", "\u202e", "\u200b", "\ufeff", "\U000e0041", "\x7f", "\x9b", "\u2066", "\u00ad"],
)
def test_what_cannot_be_seen_is_gone(text: str) -> None:
    assert clean_text(f"a{text}b") == "ab"
    assert json.loads(clean_json(json.dumps({"k": [f"a{text}b"]}).encode())) == {"k": ["ab"]}
    raw = json.dumps(f"a{text}b", ensure_ascii=False).encode()
    assert json.loads(clean_json(raw)) == "ab"


def test_line_breaks_tabs_and_languages_stay() -> None:
    text = "a\tb\nc é 日本 עברית 🙂"
    assert clean_text(text) == text


def test_digits_survive_cleaning() -> None:
    assert clean_json(b'{"a":0.9000000000000000001,"b":"\\u0000"}') == b'{"a":0.9000000000000000001,"b":""}'


def test_what_needs_no_cleaning_is_not_touched() -> None:
    raw = b'{"a": 1}'
    assert clean_json(raw) is raw


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd", "-cmd", "@SUM(A1)", "\t=1", "\r=1", " =1", "\uff1d1", "\n@x", "\uff0b1+x"]
)
def test_formulas_are_quoted_and_can_be_read_back(text: str) -> None:
    assert safe_cell(text) == f"'{text}"
    assert read_cell(safe_cell(text)) == text


@pytest.mark.parametrize("text", ["-", "--", "-5.3", "+49", "1e-5", "-1,200.50", "plain", "", "a=b", "'quoted'"])
def test_numbers_and_words_are_not(text: str) -> None:
    assert safe_cell(text) == text
    assert read_cell(text) == text


@given(st.text())
def test_a_cell_comes_back_as_it_was(text: str) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerow([safe_cell(text), "x"])
    [row] = csv.reader(io.StringIO(out.getvalue(), newline=""))
    assert read_cell(row[0]) in (text, read_cell(text))
