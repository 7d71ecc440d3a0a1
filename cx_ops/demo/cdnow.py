"""A folder of real customers, brought in through the import path that everybody uses, and lived day by day.

The folder holds accounts.csv, orders.csv and scores-SOURCE-DATE.csv, each plain or .gz. Dates are shifted so that the
newest score was made yesterday; with `whole`, so that the newest order was made today. Nobody works on these
customers here: their outcomes are what really happened.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import TextIO

Row = dict[str, str]
SCORES = re.compile(r"scores-(?P<source>[a-z0-9_-]+)-(?P<day>\d{4}-\d{2}-\d{2})\.csv(?:\.gz)?")
SHOP = "shop"
ORDERS_EVERY = timedelta(days=30)  # once there are no more scores


class FolderRefused(Exception):
    """The folder does not hold what it should; says what is missing."""


@dataclass(frozen=True)
class ScoreFile:
    """The scores that one source made on one day."""

    path: Path
    source: str
    day: date


@dataclass(frozen=True)
class Delivery:
    """One file as it comes in on a (shifted) day: its rows in the columns of the original."""

    day: date
    source: str
    kind: str
    filename: str
    rows: Callable[[], Iterable[Row]]


@dataclass(frozen=True)
class Folder:
    """The files of a folder, and by how many days their dates are shifted."""

    accounts: Path
    orders: Path
    scores: tuple[ScoreFile, ...]
    shift: timedelta
    today: date

    @property
    def sources(self) -> list[str]:
        return sorted({file.source for file in self.scores})

    @property
    def first_day(self) -> date:
        return self.scores[0].day + self.shift

    def confidences(self) -> Iterator[tuple[str, Decimal]]:
        """(source, confidence) of every score, straight from the files."""
        for file in self.scores:
            for row in read_rows(file.path):
                yield file.source, Decimal(row["confidence"])

    def deliveries(self, csms: list[str]) -> list[Delivery]:
        """Every file in the order of its day: accounts, then what was ordered since the last one, then scores."""
        days = sorted({file.day for file in self.scores})
        days += [*_every(ORDERS_EVERY, days[-1], self.today - self.shift)]
        found = [Delivery(self.first_day, SHOP, "accounts", "accounts.csv", lambda: self._accounts(csms))]
        since = date.min
        for day in [*days, date.max]:
            found += self._orders_until(since, day)
            found += [self._scores(file) for file in self.scores if file.day == day]
            since = day
        return found

    def _orders_until(self, since: date, until: date) -> list[Delivery]:
        """Orders made from `since` up to the day before `until`, as one file; none that lie after today."""
        last = min(until, self.today - self.shift + timedelta(days=1))
        if since >= last:
            return []
        day = last + self.shift if until != date.max else self.today
        name = f"orders-{day}.csv"
        return [Delivery(day, SHOP, "orders", name, lambda: self._orders(since, last))]

    def _accounts(self, csms: list[str]) -> Iterator[Row]:
        """The shop's accounts, spread over the people by a hash of the id: nobody owns them."""
        for row in read_rows(self.accounts):
            place = int.from_bytes(sha256(row["account_id"].encode()).digest()[:8]) % len(csms)
            since = date.fromisoformat(row["customer_since"]) + self.shift
            yield {**row, "customer_since": since.isoformat(), "csm": csms[place]}

    def _orders(self, since: date, until: date) -> Iterator[Row]:
        for row in read_rows(self.orders):
            day = date.fromisoformat(row["ordered_on"])
            if since <= day < until:
                yield {**row, "ordered_on": (day + self.shift).isoformat()}

    def _scores(self, file: ScoreFile) -> Delivery:
        day = file.day + self.shift
        return Delivery(day, file.source, "scores", f"scores-{file.source}-{day}.csv", lambda: self._scored(file))

    def _scored(self, file: ScoreFile) -> Iterator[Row]:
        for row in read_rows(file.path):
            made = datetime.fromisoformat(row["scored_at"]) + self.shift
            yield {**row, "scored_at": made.isoformat().replace("+00:00", "Z")}


def open_folder(root: Path, *, today: date, whole: bool = False) -> Folder:
    """Find the files. Raises `FolderRefused`."""
    found = [(path, SCORES.fullmatch(path.name)) for path in sorted(root.glob("scores-*"))]
    scores = [ScoreFile(path, match["source"], date.fromisoformat(match["day"])) for path, match in found if match]
    if not scores:
        raise FolderRefused(f"{root} holds no scores-SOURCE-DATE.csv or .csv.gz")
    scores.sort(key=lambda file: (file.day, file.source))
    accounts, orders = _find(root, "accounts.csv"), _find(root, "orders.csv")
    newest, reached = scores[-1].day, today - timedelta(days=1)
    if whole:
        newest = max(date.fromisoformat(row["ordered_on"]) for row in read_rows(orders))
        reached = today
    return Folder(accounts, orders, tuple(scores), reached - newest, today)


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a CSV file, plain or packed, as text by column."""
    with _open_text(path) as file:
        yield from csv.DictReader(file)


def write_rows(path: Path, rows: Iterable[Row]) -> int:
    """Write a CSV file with a header; how many rows it has."""
    count = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        writer: csv.DictWriter[str] | None = None
        for row in rows:
            if writer is None:
                writer = csv.DictWriter(file, fieldnames=list(row))
                writer.writeheader()
            writer.writerow(row)
            count += 1
    return count


def _every(step: timedelta, after: date, until: date) -> Iterator[date]:
    """Days `step` apart after `after` and before `until`."""
    day = after + step
    while day < until:
        yield day
        day += step


def _find(root: Path, name: str) -> Path:
    for path in (root / name, root / f"{name}.gz"):
        if path.exists():
            return path
    raise FolderRefused(f"{root} holds neither {name} nor {name}.gz")


def _open_text(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")
