"""Rows in bulk: what goes in comes out, and what the database does not check row by row is found all the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from core.bulk import array_text, copy_rows, execute, fetch_all, read_rows
from core.ids import uuid7, uuid7_text
from cx_ops.invariants import broken_invariants
from tests.factories import make_account, make_insight, make_source

pytestmark = pytest.mark.django_db

AWKWARD = ["plain", "", 'say "when"', "back\\slash", "comma, {brace}", "NULL", "tab\tand\nline", "ünïcode"]


def test_an_array_comes_back_as_it_was() -> None:
    [(texts, nothing)] = fetch_all("SELECT %s::text[], %s::text[]", [array_text([*AWKWARD, None]), array_text([])])
    assert texts == [*AWKWARD, None]
    assert nothing == []


@pytest.mark.parametrize("values", [AWKWARD, ["one", None]])
def test_a_list_of_texts_is_a_parameter(values: list[str | None]) -> None:
    assert [value for (value,) in fetch_all("SELECT unnest(%s::text[])", [values])] == values


def test_ids_are_found_by_their_text() -> None:
    account = make_account()
    sql = "SELECT id FROM accounts_account WHERE id = ANY(%s)"
    assert read_rows(sql, [[str(account.id)]]) == [(str(account.id),)]
    assert fetch_all(sql, [[account.id]]) == [(account.id,)]


def test_rows_are_copied_as_they_were() -> None:
    moment = datetime(2026, 3, 29, 1, 30, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    execute("CREATE TEMP TABLE things (id uuid, text text, at timestamptz, flag boolean) ON COMMIT DROP")
    rows = [(uuid7(), text, moment, None) for text in AWKWARD]
    copy_rows("things", ["id", "text", "at", "flag"], rows)
    assert fetch_all("SELECT * FROM things") == [(id, text, moment.astimezone(UTC), flag) for id, text, _, flag in rows]


def test_ids_as_text_are_uuids_in_order() -> None:
    ids = [uuid7_text() for _ in range(1000)]
    assert {UUID(id).version for id in ids} == {7}
    assert ids == sorted(set(ids))


def test_a_reference_to_nothing_is_found() -> None:
    insight = make_insight(make_account(), source=make_source("vendor"))
    assert broken_invariants()["insights.Insight.account is there"] == []
    execute("SET LOCAL cx_ops.may_rewrite = 'yes'")
    execute("UPDATE insights_insight SET account_id = %s WHERE id = %s", [uuid7(), insight.id])
    assert broken_invariants()["insights.Insight.account is there"] == [str(insight.id)]
