"""The four measures of readiness, by cases worked out by hand."""

from __future__ import annotations

import pytest

from accounts.rules.readiness import Facts, Fix, Measure, Share, best_fixes, overall, shares

WHOLE = Facts(accounts=200, weekly=40, records=1000, named=500, shared=100, with_money=150)


def values(facts: Facts) -> list[float | None]:
    return [share.value for share in shares(facts).values()]


def test_each_measure_by_hand() -> None:
    assert values(WHOLE) == [20.0, 50.0, 50.0, 75.0]
    assert [share.lacks for share in shares(WHOLE).values()] == [160, 500, 100, 50]


@pytest.mark.parametrize(
    ("known", "value"), [(10_000, 100.0), (9_999, 99.9), (9_994, 99.9), (3, 0.0), (9_804, 98.0), (9_806, 98.1)]
)
def test_only_what_lacks_nothing_is_a_hundred(known: int, value: float) -> None:
    assert shares(Facts(accounts=10_000, with_money=known))[Measure.OUTCOME].value == value


def test_too_little_has_no_value() -> None:
    too_little = Facts(accounts=9, weekly=9, records=29, named=29, shared=9, with_money=9)
    assert values(too_little) == [None] * 4
    assert [share.needs for share in shares(too_little).values()] == [10, 30, 10, 10]
    assert overall(shares(too_little)) is None
    assert best_fixes(too_little, {"crm": Facts(accounts=9)}) == []


def test_the_overall_figure_is_the_mean_of_what_is_shown() -> None:
    assert overall(shares(WHOLE)) == pytest.approx((20 + 50 + 50 + 75) / 4)
    halved = {Measure(name): Share(has, 1000, 10) for name, has in zip(Measure, (206, 983, 997, 996), strict=True)}
    assert overall(halved) == 79.55, "not a little less, which would be rounded otherwise"
    assert overall(shares(Facts(accounts=10, with_money=5))) == pytest.approx((0 + 0 + 50) / 3)


def test_what_a_fix_brings_is_what_it_mends_of_all() -> None:
    crm = Facts(accounts=200, unheard=160, records=100, named=90, shared=100)
    usage = Facts(accounts=80, unheard=30, records=450, named=410, sums=450, shared=80)
    fixes = {(fix.source, fix.what): fix for fix in best_fixes(WHOLE, {"crm": crm, "usage": usage}, most=9)}
    assert list(fixes) == [("crm", "second"), ("", "money"), ("usage", "weekly"), ("usage", "name"), ("crm", "name")]
    assert told(fixes["crm", "second"]) == (100, 50.0, 100.0)  # 100 of 200 accounts
    assert told(fixes["", "money"]) == (50, 75.0, 100.0)
    assert told(fixes["usage", "weekly"]) == (30, 20.0, 35.0)  # the CRM tells of what happens: it cannot send it weekly
    assert told(fixes["usage", "name"]) == (
        40,
        50.0,
        54.0,
    )  # 450 - 410; a sum over people is no record of what somebody did
    for fix in fixes.values():
        assert fix.gain == pytest.approx((fix.after - fix.before) / 4)
    assert [fix.what for fix in best_fixes(WHOLE, {"crm": crm, "usage": usage})] == ["second", "money", "weekly"]


def told(fix: Fix) -> tuple[int, float, float]:
    return fix.count, fix.before, fix.after


def test_what_is_done_already_is_no_fix() -> None:
    done = Facts(accounts=20, weekly=20, records=100, named=100, sums=0, shared=20, with_money=20)
    assert values(done) == [100.0] * 4
    assert best_fixes(done, {"desk": done}) == []
