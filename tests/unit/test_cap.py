"""The cap and the flood guard."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from playbooks.rules.cap import Room, Urgent, band_that_fits, is_flood, those_released

urgent = st.lists(
    st.builds(
        Urgent,
        id=st.integers(0, 10_000).map(lambda n: UUID(int=n)),
        priority=st.integers(0, 9).map(Decimal),
        passes=st.booleans(),
    ),
    unique_by=lambda task: task.id,
    max_size=30,
)
rooms = st.builds(Room, cap=st.integers(0, 9), taken=st.integers(0, 12), in_now=st.integers(0, 12))


@given(urgent, rooms)
def test_whatever_passes_is_released_and_of_the_rest_the_first_that_fit(tasks: list[Urgent], room: Room) -> None:
    released = those_released(tasks, room)
    passing = {task.id for task in tasks if task.passes}
    chosen = [task for task in tasks if task.id in released - passing]
    left = [task for task in tasks if task.id not in released]
    assert passing <= released
    assert len(released) <= max(room.left, len(passing))
    assert not left or len(released) >= room.left
    assert all(one.priority >= other.priority for one in chosen for other in left)


@given(urgent, rooms)
def test_giving_in_two_goes_never_exceeds_the_day(tasks: list[Urgent], room: Room) -> None:
    plain = [task for task in tasks if not task.passes]
    first = those_released(plain[: len(plain) // 2], room)
    after = Room(room.cap, room.taken + len(first), room.in_now + len(first))
    second = those_released(plain[len(plain) // 2 :], after)
    assert room.taken + len(first) + len(second) <= max(room.cap, room.taken)


@given(st.dictionaries(st.integers(0, 100).map(str), st.integers(1, 50)), st.integers(0, 500))
def test_the_band_that_fits_is_the_lowest_that_does(histogram: dict[str, int], capacity: int) -> None:
    def opened(bound: int) -> int:
        return sum(count for per_cent, count in histogram.items() if int(per_cent) >= bound)

    found = band_that_fits(histogram, capacity)
    fitting = [bound for bound in map(int, histogram) if opened(bound) <= capacity]
    assert found == (Decimal(min(fitting)) / 100 if fitting else None)


def test_a_flood_is_more_than_two_days_of_the_teams() -> None:
    assert not is_flood(20, [5, 5])
    assert is_flood(21, [5, 5])
    assert not is_flood(1, [])
