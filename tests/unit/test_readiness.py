"""The four measures of readiness, by cases worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from math import log

import pytest

from accounts.rules.readiness import Facts, Measure, best_fixes, overall, scores

WHOLE = Facts(
    readings=100, gap_hours=168.0, kinds=5, named=50, accounts=200, shared=100, rows=1000, parked=100, with_outcome=150
)


@pytest.mark.parametrize(
    ("measure", "value"),
    [
        (Measure.TEMPORAL, round(100 * (1 - log(168) / log(2160)))),  # 33
        (Measure.BEHAVIOURAL, 50),  # 100 × (0.4 × 5/10 + 0.6 × 50/100)
        (Measure.UNIFICATION, 45),  # 100 × 100/200 × (1 - 100/1000)
        (Measure.OUTCOME, 75),
    ],
)
def test_each_measure_by_hand(measure: Measure, value: int) -> None:
    assert scores(WHOLE)[measure].value == value


@pytest.mark.parametrize(("hours", "value"), [(0.01, 100), (1, 100), (24, 59), (2160, 0), (9999, 0)])
def test_an_hour_is_as_fine_as_it_gets_and_a_quarter_of_no_use(hours: float, value: int) -> None:
    facts = Facts(readings=30, gap_hours=hours)
    assert scores(facts)[Measure.TEMPORAL].value == value


def test_more_kinds_than_ten_are_no_better() -> None:
    many = Facts(readings=100, kinds=40, named=100)
    assert scores(many)[Measure.BEHAVIOURAL].value == 100


@pytest.mark.parametrize(("known", "value"), [(1000, 100), (999, 99), (994, 99), (3, 0)])
def test_only_what_lacks_nothing_is_a_hundred(known: int, value: int) -> None:
    assert scores(Facts(accounts=1000, with_outcome=known))[Measure.OUTCOME].value == value
    named = scores(Facts(readings=30, kinds=10, named=30))[Measure.BEHAVIOURAL]
    assert named.value == 100


def test_too_little_says_how_much_is_missing() -> None:
    found = scores(Facts(readings=29, gap_hours=1.0, accounts=9))
    assert [score.value for score in found.values()] == [None] * 4
    assert (found[Measure.TEMPORAL].has, found[Measure.TEMPORAL].needs) == (29, 30)
    assert (found[Measure.OUTCOME].has, found[Measure.OUTCOME].needs) == (9, 10)
    assert overall(found) is None
    assert best_fixes(Facts(), {}) == []


def test_the_arithmetic_names_its_numbers() -> None:
    assert scores(WHOLE)[Measure.OUTCOME].sum == "100 × 150 / 200 accounts"
    assert "50 / 100 that name a person" in scores(WHOLE)[Measure.BEHAVIOURAL].sum


def test_the_overall_figure_is_the_mean_of_what_can_be_measured() -> None:
    assert overall(scores(WHOLE)) == pytest.approx((33 + 50 + 45 + 75) / 4)
    assert overall(scores(Facts(accounts=10, with_outcome=5))) == pytest.approx((0 + 50) / 2)


def test_a_fix_is_worth_what_the_measures_are_after_it() -> None:
    crm = Facts(accounts=200, shared=100, rows=1000, parked=100, with_outcome=150)
    desk = Facts(readings=100, gap_hours=168.0, kinds=5, named=50, measured=10, accounts=20, shared=20, with_outcome=20)
    fixes = best_fixes(WHOLE, {"crm": crm, "desk": desk})
    assert [(fix.source, fix.what) for fix in fixes] == [
        ("crm", "link"), ("desk", "daily"), ("crm", "money"), ("desk", "name"), ("crm", "parked"),
    ]  # fmt: skip
    link, _daily, _money, name, _parked = fixes
    assert (link.before, link.after, link.count) == (45, 90, 100)  # 100 × 200/200 × 0.9
    assert link.gain == pytest.approx(45 / 4)
    assert (name.before, name.after, name.count) == (50, 74, 40)  # 100 × (0.2 + 0.6 × 90/100)
    assert all(fix.gain > 0 for fix in fixes)


def test_what_is_done_already_is_no_fix() -> None:
    done = Facts(readings=100, gap_hours=1.0, kinds=10, named=100, accounts=10, shared=10, with_outcome=10)
    assert best_fixes(done, {"desk": done}) == []


@pytest.mark.parametrize(
    ("facts", "what"),
    [
        ({"rhythm_hours": 168, "gap_hours": 672}, "every"),  # weekly, but of an account every fourth time
        ({"rhythm_hours": 168, "gap_hours": 168}, "daily"),
        ({"gap_hours": 672}, "daily"),
        ({"rhythm_hours": 1, "gap_hours": 1}, ""),
        ({"rhythm_hours": 168, "gap_hours": 672, "measured": 0}, ""),  # tickets come when they come
    ],
)
def test_who_comes_often_enough_is_not_told_to_come_oftener(facts: dict[str, float], what: str) -> None:
    source = replace(Facts(readings=100, measured=60), **facts)
    fixes = best_fixes(replace(WHOLE, gap_hours=source.gap_hours), {"usage": source})
    temporal = [fix for fix in fixes if fix.measure is Measure.TEMPORAL]
    assert [fix.what for fix in temporal] == ([what] if what else [])
    assert [fix.count for fix in temporal if what == "every"] == ([4] if what == "every" else [])


def test_every_source_without_names_has_its_line() -> None:
    desk, crm = Facts(readings=50), Facts(readings=30)
    assert [(fix.source, fix.what) for fix in best_fixes(WHOLE, {"crm": crm, "desk": desk})] == [
        ("desk", "name"), ("crm", "name"),
    ]  # fmt: skip
