"""Money that moved, from sources: the ledger is only ever added to.

Shops seldom number the lines of an export, and two equal lines of one file are two orders. So a line without an
external id is called `<digest of its content>-<n>`: the n-th line of that content in its file. The same file sent
again gives the same names, and nothing new. A line that waited for its account keeps its number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from hashlib import blake2b
from uuid import UUID

from django.utils.translation import gettext as _
from msgspec import UNSET

from accounts.models import LedgerEntry
from accounts.rules.records import OrderItem
from accounts.services.priors import keep_priors
from accounts.services.rows import lock_source
from accounts.services.whose import find_whose
from core.bulk import fetch_all
from intake.enums import Landing
from intake.rules import Arrival, Problem, Result

CENT = Decimal("0.01")
THOUSANDTH = Decimal("0.001")
EARLIER_LINES = """
SELECT external_id, count(*) FROM intake_record
WHERE kind = 'orders' AND import_id = %s AND external_id = ANY(%s) GROUP BY external_id
"""

# The same of lines that waited: their records are in the order of their lines.
NUMBERS = """
SELECT f.id, f.number FROM (
    SELECT id, row_number() OVER (PARTITION BY external_id ORDER BY id) AS number FROM intake_record
    WHERE kind = 'orders' AND import_id = %s AND external_id = ANY(%s)) AS f
WHERE f.id = ANY(%s)
"""


def add_orders(
    items: Sequence[OrderItem], raw: Sequence[bytes], arrival: Arrival, *, kind: str = "orders"
) -> list[Result]:
    """Add orders to the ledger, in the caller's transaction; one result per item, in order.

    UNCHANGED: it is there already. Parked: about an account that has not arrived. Refused: an account that cannot
    arrive, and another order under the same external id. kind: what the rows are that wait.
    """
    whose = find_whose(items, arrival)
    lock_source("orders", arrival)
    entries = {row: _entry(items[row], whose.accounts[row], arrival) for row in sorted(whose.accounts)}
    lines = {row: _line(items[row]) for row in (*entries, *whose.waits) if items[row].external_id is UNSET}
    called = {row: entry.external_id or _digest(entry) for row, entry in entries.items()}
    called |= {row: lines.get(row) or str(items[row].external_id) for row in whose.waits}
    numbers = _numbers(called, lines, arrival)
    results = whose.land("orders", called, raw, again=False, park_as=kind)
    for row, entry in entries.items():
        entry.external_id = entry.external_id or f"{called[row]}-{numbers[row]}"
        entry.id = whose.id_of(row)
    held = _held(entries.values(), arrival)
    fresh: list[LedgerEntry] = []
    for row, entry in entries.items():
        results[row] = _take(entry, held, fresh)
    LedgerEntry.objects.bulk_create(fresh, batch_size=2000)
    keep_priors("orders", ((entry.id, entry.external_id, True, {}) for entry in fresh), arrival)
    return [results[row] for row in range(len(items))]


def _entry(item: OrderItem, account: UUID, arrival: Arrival) -> LedgerEntry:
    money = item.money
    assert money is not None  # noqa: S101 - check_order refuses an order without an amount
    return LedgerEntry(
        account_id=account,
        source_id=arrival.source_id,
        external_id=item.external_id if item.external_id is not UNSET else "",
        kind=item.kind,
        happened_on=item.happened_on,
        amount=money.amount.quantize(CENT),
        currency=money.currency.upper(),
        units=item.units.quantize(THOUSANDTH) if isinstance(item.units, Decimal) else None,
    )


def _content(entry: LedgerEntry) -> tuple[object, ...]:
    return (entry.account_id, entry.kind, entry.happened_on, entry.amount, entry.currency, entry.units)


def _digest(entry: LedgerEntry) -> str:
    return blake2b("|".join(map(str, _content(entry))).encode(), digest_size=16).hexdigest()


def _line(item: OrderItem) -> str:
    """What a line without a name is called in the log while it waits: by what it says, its account as named there."""
    ref, money = item.account, item.money
    assert money is not None  # noqa: S101 - check_order refuses an order without an amount
    whom = (ref.source, ref.external_id, ref.domain, ref.id)
    units = item.units.quantize(THOUSANDTH) if isinstance(item.units, Decimal) else None
    said = (*whom, item.kind, item.happened_on, money.amount.quantize(CENT), money.currency.upper(), units)
    return blake2b("|".join(map(str, said)).encode(), digest_size=16).hexdigest()


def _numbers(called: dict[int, str], lines: dict[int, str], arrival: Arrival) -> dict[int, int]:
    """The how manieth of its file or call each line without a name is, by what it is called in the log.

    A line whose account is there now counts those before it that were parked, too.
    """
    if arrival.records:
        found = dict(fetch_all(NUMBERS, [arrival.import_id, list(set(lines.values())), list(arrival.records)]))
        return {row: found.get(arrival.records[row], 1) for row in lines}
    before: Counter[str] = Counter()
    if arrival.import_id and lines:
        names = {*lines.values(), *(called[row] for row in lines)}
        before.update(dict(fetch_all(EARLIER_LINES, [arrival.import_id, list(names)])))
    numbers = {}
    for row in sorted(lines):
        name, line = called[row], lines[row]
        before[name] += 1
        numbers[row] = before[name] + (before[line] if line != name else 0)
    return numbers


def _held(entries: Iterable[LedgerEntry], arrival: Arrival) -> dict[str, LedgerEntry]:
    names = [entry.external_id for entry in entries]
    rows = LedgerEntry.objects.filter(source_id=arrival.source_id, external_id__in=names)
    return {row.external_id: row for row in rows}


def _take(entry: LedgerEntry, held: dict[str, LedgerEntry], fresh: list[LedgerEntry]) -> Result:
    there = held.setdefault(entry.external_id, entry)
    if there is entry:
        fresh.append(entry)
        return Result(Landing.CREATED, id=entry.id)
    if _content(there) == _content(entry):
        return Result(Landing.UNCHANGED, id=there.id)
    words = _("'%s' is in the ledger with other contents: send a correction under an id of its own.")
    return Result(Landing.REJECTED, errors=(Problem("external_id", "external_id_reused", words % entry.external_id),))
