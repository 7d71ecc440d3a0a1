"""Whose the rows of a call are: accounts that are known, accounts that may still arrive, and neither."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from msgspec import UNSET

from accounts.enums import KeyKind
from accounts.models import Account
from accounts.queries.identity import find_accounts
from accounts.rules.identity import Ref, normalise_ref
from accounts.rules.records import AccountRef, account_ref, given
from accounts.services.parking import ADMIT, hold_keys, park_records
from accounts.services.values import log_records
from core.bulk import fetch_all
from core.ids import uuid7
from intake.enums import Landing
from intake.queries import find_namespaces
from intake.rules import Arrival, Problem, Result

Refusals = dict[int, tuple[Problem, ...]]
# What is told again when the account is there: its contacts may have come with it by then.
LATER = frozenset({"unknown_contact"})
WAITING = """
SELECT w.row, min(r.id::text)::uuid FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[])
    AS w(row, value, external_id, payload)
JOIN accounts_parked p ON p.value = w.value AND p.kind = %s
JOIN intake_record r ON r.id = p.record_id
WHERE r.source_id = %s AND r.external_id = w.external_id AND r.payload = w.payload::jsonb GROUP BY w.row
"""


@dataclass
class Whose:
    """Row → its account, row → the ref that it waits for, row → why it is not taken; each row is in one of them."""

    arrival: Arrival
    accounts: dict[int, UUID]
    waits: dict[int, Ref]
    refused: Refusals
    records: dict[int, UUID] = field(default_factory=dict)

    def id_of(self, row: int) -> UUID:
        """The id of what a row makes: its record's where it has waited, so that both are found together."""
        return self.arrival.records[row] if self.arrival.records else uuid7()

    def refuse(self, row: int, problems: tuple[Problem, ...]) -> None:
        """Do not take a row, unless what is wrong with it may be right when its account is there."""
        if row in self.refused or (row in self.waits and problems[0].code in LATER):
            return
        self.accounts.pop(row, None)
        self.waits.pop(row, None)
        self.refused[row] = problems

    def land(
        self, kind: str, names: Mapping[int, str], raw: Sequence[bytes], *, again: bool, park_as: str = ""
    ) -> dict[int, Result]:
        """Write the log of what is taken, and park what waits; the results of rows that are not taken now.

        names: what each row is called in the log. again: a row that waits already, word for word, is not kept twice.
        park_as: the kind that takes parked rows on, if it is another than the log's.
        """
        waiting = self._waiting(park_as or kind, names, raw) if again else {}
        fresh = sorted({*self.accounts, *self.waits} - waiting.keys())
        if self.arrival.records:
            self.records = {row: self.arrival.records[row] for row in fresh}
        else:
            ids = log_records(kind, [names[row] for row in fresh], [raw[row] for row in fresh], self.arrival)
            self.records = dict(zip(fresh, map(UUID, ids), strict=True))
        parked = ((self.records[row], ref, park_as or kind) for row, ref in self.waits.items() if row not in waiting)
        park_records(parked, stage=ADMIT)
        results = {row: Result(Landing.REJECTED, errors=problems) for row, problems in self.refused.items()}
        return results | {row: Result(Landing.PARKED, waiting.get(row) or self.records[row]) for row in self.waits}

    def _waiting(self, kind: str, names: Mapping[int, str], raw: Sequence[bytes]) -> dict[int, UUID]:
        """Row → the record that waits under its name, and says the same."""
        if not self.waits or self.arrival.records:
            return {}
        rows = sorted(self.waits)
        columns = [rows, [self.waits[row][2] for row in rows], [names[row] for row in rows]]
        payloads = [raw[row].decode() for row in rows]
        return dict(fetch_all(WAITING, [*columns, payloads, kind, self.arrival.source_id]))


def find_whose(items: Sequence[Any], arrival: Arrival) -> Whose:
    """The account of each item, as its `account` names it. Takes the lock of keys where one may still arrive.

    Whoever takes a lock of their own as well takes it afterwards.
    """
    spaces = find_namespaces(item.account.source for item in items if item.account.source is not UNSET)
    refs = {row: ref for row, item in enumerate(items) if (ref := _ref(item.account, spaces, arrival)) is not None}
    found = find_accounts(refs.values())
    waits = {
        row: normal for row, ref in refs.items() if ref not in found and (normal := normalise_ref(ref)) is not None
        and ref[1] != KeyKind.ID
    }  # fmt: skip
    shared = _shared(ref[2] for ref in waits.values() if ref[1] == KeyKind.DOMAIN)
    waits = {row: ref for row, ref in waits.items() if ref[2] not in shared or ref[1] != KeyKind.DOMAIN}
    if waits:
        hold_keys()
        found |= find_accounts(refs[row] for row in waits)
        waits = {row: ref for row, ref in waits.items() if refs[row] not in found}
    accounts = {row: found[ref] for row, ref in refs.items() if ref in found}
    refused: Refusals = {
        row: (_unknown(item.account, known_source=row in refs, shared=shared),)
        for row, item in enumerate(items)
        if row not in accounts and row not in waits
    }
    return Whose(arrival, accounts, waits, refused)


def _ref(ref: AccountRef, spaces: Mapping[str, UUID], arrival: Arrival) -> Ref | None:
    if ref.source is UNSET:
        return account_ref(ref, arrival.namespace_id)
    return account_ref(ref, spaces[ref.source]) if ref.source in spaces else None


def _shared(domains: Iterable[str]) -> set[str]:
    """Domains that several accounts hold: none of them is meant."""
    wanted = set(domains)
    if not wanted:
        return set()
    return set(Account.objects.filter(domain__in=wanted, archived_at=None).values_list("domain", flat=True))


def _unknown(ref: AccountRef, *, known_source: bool, shared: set[str]) -> Problem:
    if not known_source:
        text = _("There is no source “%s”. Leave it out to use your own ids.") % ref.source
        return Problem("account.source", "unknown_source", text)
    name = next(str(part) for part in (ref.external_id, ref.domain, ref.id) if given(part))
    if given(ref.id):
        text = _("There is no account with our id “%s”.") % name
    elif given(ref.domain) and (normal := normalise_ref(account_ref(ref, None))) and normal[2] in shared:
        text = _("Several accounts have the domain “%s”: name the account by its id.") % name
    else:
        text = _("“%s” names no account, and never will: give the account's id or its own domain.") % name
    return Problem("account", "unknown_account", text)
