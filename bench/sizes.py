"""How much of everything each scale of the benchmarks uses."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Rows, calls and repetitions of one scale.

    `held` are the numbers of insights held for B7, each filled up to the next, and the first is the base of the growth.
    `open_tasks` are the two numbers of open tasks that B5 asks in turns. `file_rows` are the rows of the two files of
    B3, `peer_rows` those that its peer gets.
    """

    accounts: int
    owners: int
    runs: int
    land_calls: int
    land_rows: int
    drf_rows: int
    decide_rows: int
    single_rows: int
    held: tuple[int, ...]
    held_rows: int
    open_tasks: tuple[int, int]
    page_requests: int
    urgent_posts: int
    events: int
    resolve_rows: int
    resolve_firms: tuple[int, ...]
    file_rows: tuple[int, int]
    file_runs: int
    peer_rows: int
    posts_per_second: int = 50


SCALES = {
    "small": Sizes(
        accounts=100_000,
        owners=100,
        runs=3,
        land_calls=3,
        land_rows=10_000,
        drf_rows=1_000,
        decide_rows=10_000,
        single_rows=100,
        held=(10_000, 50_000),
        held_rows=5_000,
        open_tasks=(10_000, 100_000),
        page_requests=100,
        urgent_posts=100,
        events=20_000,
        resolve_rows=20_000,
        resolve_firms=(1_000, 4_000),
        file_rows=(10_000, 100_000),
        file_runs=1,
        peer_rows=1_000,
    ),
    "full": Sizes(
        accounts=100_000,
        owners=100,
        runs=3,
        land_calls=10,
        land_rows=10_000,
        drf_rows=2_000,
        decide_rows=50_000,
        single_rows=300,
        held=(10_000, 100_000, 1_000_000),
        held_rows=10_000,
        open_tasks=(10_000, 1_000_000),
        page_requests=200,
        urgent_posts=200,
        events=100_000,
        resolve_rows=100_000,
        resolve_firms=(3_000, 30_000),
        file_rows=(100_000, 1_000_000),
        file_runs=1,
        peer_rows=10_000,
    ),
}
