"""Whether a feed is well: its size, its columns, its values, and what of it is refused, against what is usual. Pure.

Every threshold stands here. Nothing is judged without enough to compare with: `ENOUGH` earlier deliveries for sizes
and shares, `FEWEST_VALUES` values on both sides for the spread of a column.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from math import log
from statistics import median

# How many earlier deliveries are looked at, and how many it takes to know what is usual.
LOOKED_BACK = 8
ENOUGH = 3
# Below so much of the usual rows a feed has shrunken.
SHRUNKEN = 0.5
# So much more of the rows refused, or of a column's cells blank, than usual (shares of one).
MORE_REFUSED = 0.10
MORE_BLANK = 0.20
FEWEST_ROWS = 20
# Population stability index: under 0.1 nothing moved, from 0.25 the values are others (the usual reading of the index).
MOVED = 0.25
FEWEST_VALUES = 50
# What so many of a day's records have is a column of them; what fewer have comes and goes.
COMMON = 0.25
# What no value counts as, so that a value that is new or gone does not make the index infinite.
SMALLEST_SHARE = 0.001
# Deliveries closer together than this share of the cadence belong together: an export in three files.
TOGETHER = 0.25
# A feed with more deliveries than this in a cadence flows, and is measured by the clock.
FLOWS = 4


@dataclass(frozen=True)
class Profile:
    """One column of a delivery. `spread`: value or bin → count; empty where the values cannot be compared."""

    rows: int
    blanks: int
    spread: Mapping[str, int] = field(default_factory=dict)

    @property
    def blank_share(self) -> float:
        return self.blanks / self.rows if self.rows else 0.0


@dataclass(frozen=True)
class Load:
    """What one delivery brought, or several that belong together. `refused`: rejected and parked."""

    at: datetime
    rows: int
    refused: int = 0
    columns: frozenset[str] = frozenset()
    fields: Mapping[str, Profile] = field(default_factory=dict)

    @property
    def refused_share(self) -> float:
        return self.refused / self.rows if self.rows else 0.0


@dataclass(frozen=True)
class Shrunken:
    rows: int
    usual: float


@dataclass(frozen=True)
class Refused:
    share: float
    usual: float
    rows: int


@dataclass(frozen=True)
class Reshaped:
    """Columns that are gone and new ones; `renamed` pairs those that hold the same under another name."""

    gone: tuple[str, ...]
    new: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Drifted:
    """A column whose values are others: `index` is the population stability index, or `blank` shares went up."""

    field: str
    index: float = 0.0
    blank: float = 0.0
    usual_blank: float = 0.0


def add_up(loads: Sequence[Load], together: timedelta) -> list[Load]:
    """Loads in the order of their time, those that belong together as one."""
    found: list[Load] = []
    for load in loads:
        if found and load.at - found[-1].at < together:
            before = found.pop()
            load = Load(
                load.at, before.rows + load.rows, before.refused + load.refused, before.columns | load.columns,
                {**before.fields, **load.fields},
            )  # fmt: skip
        found.append(load)
    return found


def windows(loads: Sequence[Load], cadence: timedelta, now: datetime) -> list[Load]:
    """What a feed that flows brought in each cadence up to `now`, the oldest first; before its beginning, nothing."""
    if not loads:
        return []
    found = []
    for back in range(LOOKED_BACK, -1, -1):
        end = now - back * cadence
        if end - cadence < loads[0].at - cadence / FLOWS:
            continue
        inside = [load for load in loads if end - cadence < load.at <= end]
        found.append(Load(end, sum(load.rows for load in inside), sum(load.refused for load in inside)))
    return found


def flows(loads: Sequence[Load], cadence: timedelta) -> bool:
    """Whether so much comes, one after the other, that no single delivery says anything."""
    if len(loads) <= FLOWS:
        return False
    gaps = sorted(later.at - earlier.at for earlier, later in pairwise(loads))
    return gaps[len(gaps) // 2] * FLOWS < cadence


def shrunken(last: Load, before: Sequence[Load]) -> Shrunken | None:
    """Whether the last delivery has less than half of the usual rows (the median), and less than any looked at.

    A feed that brings what changed is small now and then: that is its usual, too.
    """
    if len(before) < ENOUGH:
        return None
    sizes = [load.rows for load in before[-LOOKED_BACK:]]
    usual = median(sizes)
    if usual < FEWEST_ROWS or last.rows >= SHRUNKEN * usual or last.rows >= min(sizes):
        return None
    return Shrunken(last.rows, usual)


def refused(last: Load, before: Sequence[Load]) -> Refused | None:
    """Whether more rows are rejected or parked than usual; without enough to compare with, than none."""
    if last.rows < FEWEST_ROWS:
        return None
    usual = median(load.refused_share for load in before[-LOOKED_BACK:]) if len(before) >= ENOUGH else 0.0
    if last.refused_share - usual <= MORE_REFUSED:
        return None
    return Refused(last.refused_share, usual, last.refused)


def reshaped(last: Load, before: Sequence[Load]) -> Reshaped | None:
    """Whether columns are gone or new against the delivery before."""
    if not before or not before[-1].columns or not last.columns:
        return None
    return _against(before[-1], before[-1].columns - last.columns, last.columns - before[-1].columns, last)


def reshaped_by_day(last: Load, before: Sequence[Load]) -> Reshaped | None:
    """Whether fields that most calls had on each of the last days are gone, or have come that no day had."""
    if len(before) < ENOUGH:
        return None
    gone = frozenset.intersection(*(load.columns for load in before[-ENOUGH:])) - last.fields.keys()
    new = last.columns - {name for load in before[-LOOKED_BACK:] for name in load.fields}
    return _against(before[-1], gone, new, last)


def _against(earlier: Load, lost: Iterable[str], found: Iterable[str], last: Load) -> Reshaped | None:
    """Columns that were lost and found since an earlier load, those that only have another name as renamed."""
    gone, new = sorted(lost), sorted(found)
    if not gone and not new:
        return None
    renamed: list[tuple[str, str]] = []
    for old in gone:
        same = [name for name in new if _same(earlier.fields.get(old), last.fields.get(name))]
        if len(same) == 1 and same[0] not in {name for _old, name in renamed}:
            renamed.append((old, same[0]))
    return Reshaped(tuple(gone), tuple(new), tuple(renamed))


def drifted(last: Load, before: Sequence[Load]) -> list[Drifted]:
    """Columns whose values are others than before, the furthest moved first."""
    found = []
    for name, now in last.fields.items():
        past = [load.fields[name] for load in before[-LOOKED_BACK:] if name in load.fields]
        if not past or now.rows < FEWEST_ROWS:
            continue
        usual_blank = median(profile.blank_share for profile in past)
        if now.blank_share - usual_blank > MORE_BLANK:
            found.append(Drifted(name, blank=now.blank_share, usual_blank=usual_blank))
            continue
        index = stability(_sum(profile.spread for profile in past), now.spread)
        if index is not None and index >= MOVED:
            found.append(Drifted(name, index=index))
    return sorted(found, key=lambda one: -max(one.index, one.blank))


def stability(expected: Mapping[str, int], actual: Mapping[str, int]) -> float | None:
    """The population stability index of two spreads; None where either has too few values to say anything.

    Σ (a - e) · ln(a / e) over all values, a and e being their shares (Siddiqi, Credit Risk Scorecards, 2006).
    """
    all_expected, all_actual = sum(expected.values()), sum(actual.values())
    if min(all_expected, all_actual) < FEWEST_VALUES:
        return None
    index = 0.0
    for value in expected.keys() | actual.keys():
        e = max(expected.get(value, 0) / all_expected, SMALLEST_SHARE)
        a = max(actual.get(value, 0) / all_actual, SMALLEST_SHARE)
        index += (a - e) * log(a / e)
    return index


def _same(old: Profile | None, new: Profile | None) -> bool:
    """Whether two columns hold the same: their values, or where those cannot be compared, as many blanks."""
    if old is None or new is None:
        return False
    index = stability(old.spread, new.spread)
    if index is not None:
        return index < MOVED
    return not old.spread and not new.spread and abs(old.blank_share - new.blank_share) < MORE_REFUSED


def _sum(spreads: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for spread in spreads:
        for value, count in spread.items():
            total[value] = total.get(value, 0) + count
    return total
