"""Money that moved, from sources: the ledger is only ever added to.

Shops seldom number the lines of an export, and two equal lines of one file are two orders. So a line without an
external id is called `<digest of its content>-<n>`: the n-th line of that content in its file. The same file sent
again gives the same names, and nothing new.
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
from accounts.services.rows import accounts_of, lock_source, unknown_account
from accounts.services.values import log_records
from core.bulk import fetch_all
from core.ids import uuid7
from intake.enums import Landing
from intake.rules import Arrival, Problem, Result

CENT = Decimal("0.01")
THOUSANDTH = Decimal("0.001")
EARLIER_LINES = """
SELECT external_id, count(*) FROM intake_record
WHERE kind = 'orders' AND import_id = %s AND external_id = ANY(%s) GROUP BY external_id
"""


def add_orders(items: Sequence[OrderItem], raw: Sequence[bytes], arrival: Arrival) -> list[Result]:
    """Add orders to the ledger, in the caller's transaction; one result per item, in order.

    UNCHANGED: it is there already. Refused: an unknown account, and another order under the same external id.
    """
    lock_source("orders", arrival)
    accounts = accounts_of(items, arrival)
    taken = [row for row in range(len(items)) if row in accounts]
    entries = {row: _entry(items[row], accounts[row], arrival) for row in taken}
    logged = {row: entries[row].external_id or _digest(entries[row]) for row in taken}
    _number(entries, logged, arrival)
    log_records("orders", list(logged.values()), [raw[row] for row in taken], arrival)
    results = {
        row: Result(Landing.REJECTED, errors=(unknown_account(item.account),))
        for row, item in enumerate(items)
        if row not in accounts
    }
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
        id=uuid7(),
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


def _number(entries: dict[int, LedgerEntry], logged: dict[int, str], arrival: Arrival) -> None:
    """Name the entries that have no name, counting on from the earlier chunks of the same file."""
    nameless = {row: digest for row, digest in logged.items() if not entries[row].external_id}
    lines: Counter[str] = Counter()
    if arrival.import_id and nameless:
        lines.update(dict(fetch_all(EARLIER_LINES, [arrival.import_id, list(set(nameless.values()))])))
    for row, digest in nameless.items():
        lines[digest] += 1
        entries[row].external_id = f"{digest}-{lines[digest]}"


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
