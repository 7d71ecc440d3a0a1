"""What is wrong with a feed: each threshold from both sides, by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import log

import pytest

from intake.rules.health import (
    Load,
    Profile,
    add_up,
    drifted,
    flows,
    refused,
    reshaped,
    shrunken,
    stability,
    windows,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def loads(*rows: int, refused_rows: int = 0) -> list[Load]:
    return [Load(NOW - DAY * (len(rows) - place), count, refused_rows) for place, count in enumerate(rows)]


@pytest.mark.parametrize(("rows", "is_less"), [(100, False), (50, False), (49, True), (0, True)])
def test_less_than_half_of_the_median_is_shrunken(rows: int, is_less: bool) -> None:
    found = shrunken(Load(NOW, rows), loads(90, 100, 110))
    assert (found is not None) == is_less
    if found:
        assert (found.rows, found.usual) == (rows, 100)


def test_a_feed_that_is_small_now_and_then_is_not_shrunken() -> None:
    assert shrunken(Load(NOW, 40), loads(100, 30, 100, 100)) is None
    assert shrunken(Load(NOW, 29), loads(100, 30, 100, 100)) is not None


def test_nothing_is_shrunken_without_three_to_compare_with() -> None:
    assert shrunken(Load(NOW, 1), loads(100, 100)) is None
    assert shrunken(Load(NOW, 1), loads(8, 8, 8)) is None, "so few rows say nothing"


@pytest.mark.parametrize(("count", "is_more"), [(10, False), (15, False), (16, True)])
def test_a_tenth_more_refused_than_usual(count: int, is_more: bool) -> None:
    usual = loads(100, 100, 100, refused_rows=5)
    assert (refused(Load(NOW, 100, count), usual) is not None) == is_more


def test_the_first_delivery_is_measured_against_none_refused() -> None:
    found = refused(Load(NOW, 100, 30), [])
    assert found is not None
    assert (found.share, found.usual) == (0.3, 0.0)
    assert refused(Load(NOW, 19, 19), []) is None, "so few rows say nothing"


def test_a_column_under_another_name_is_recognised_by_its_values() -> None:
    plans = Profile(100, 0, {"=pro": 60, "=free": 40})
    before = Load(NOW - DAY, 100, columns=frozenset({"id", "plan", "seats"}), fields={"plan": plans})
    last = Load(NOW, 100, columns=frozenset({"id", "plan_name", "region"}),
                fields={"plan_name": plans, "region": Profile(100, 0, {"=emea": 100})})  # fmt: skip
    found = reshaped(last, [before])
    assert found is not None
    assert found.gone == ("plan", "seats")
    assert found.new == ("plan_name", "region")
    assert found.renamed == (("plan", "plan_name"),)


def test_the_same_columns_are_no_news() -> None:
    same = Load(NOW, 10, columns=frozenset({"id"}))
    assert reshaped(same, [Load(NOW - DAY, 10, columns=frozenset({"id"}))]) is None
    assert reshaped(same, []) is None
    assert reshaped(same, [Load(NOW - DAY, 10)]) is None, "calls have no header"


def test_the_stability_index_by_hand() -> None:
    expected, actual = {"a": 50, "b": 50}, {"a": 80, "b": 20}
    by_hand = (0.8 - 0.5) * log(0.8 / 0.5) + (0.2 - 0.5) * log(0.2 / 0.5)
    assert stability(expected, actual) == pytest.approx(by_hand)
    assert stability(expected, {"a": 500, "b": 500}) == pytest.approx(0)
    assert stability({"a": 49}, actual) is None, "too few to say"
    assert stability({"a": 100}, {"b": 100}) == pytest.approx(2 * 0.999 * log(1000), rel=0.01)


@pytest.mark.parametrize(("share", "moves"), [(50, False), (70, False), (80, True)])
def test_values_that_moved_are_drift(share: int, moves: bool) -> None:
    before = [Load(NOW - DAY, 100, fields={"plan": Profile(100, 0, {"=a": 50, "=b": 50})})]
    last = Load(NOW, 100, fields={"plan": Profile(100, 0, {"=a": share, "=b": 100 - share})})
    assert [one.field for one in drifted(last, before)] == (["plan"] if moves else [])


@pytest.mark.parametrize(("blanks", "moves"), [(10, False), (30, False), (31, True)])
def test_a_fifth_more_blanks_are_drift(blanks: int, moves: bool) -> None:
    before = [Load(NOW - DAY, 100, fields={"plan": Profile(100, 10)})]
    found = drifted(Load(NOW, 100, fields={"plan": Profile(100, blanks)}), before)
    assert bool(found) == moves


def test_files_of_one_export_are_one_delivery() -> None:
    three = [Load(NOW, 10, 1), Load(NOW + HOUR, 20), Load(NOW + 2 * HOUR, 30, 2)]
    [one] = add_up(three, 6 * HOUR)
    assert (one.at, one.rows, one.refused) == (NOW + 2 * HOUR, 60, 3)
    assert len(add_up(three, timedelta(0))) == 3


def test_calls_all_day_long_flow_and_are_counted_by_the_clock() -> None:
    hourly = [Load(NOW - 72 * HOUR + place * HOUR, 10) for place in range(73)]
    assert flows(hourly, DAY)
    assert not flows([Load(NOW - day * DAY, 10) for day in range(9, -1, -1)], DAY)
    counted = windows(hourly, DAY, NOW)
    assert [load.rows for load in counted] == [240, 240, 240]
    assert [load.at for load in counted][-1] == NOW
