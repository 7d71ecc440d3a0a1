"""Which contacts of an account are one person: settled anew from what is there, whenever that has changed.

A contact's row is what one source says of somebody. `Pair` holds who is held to be the same and why; the row that
stands for the person, and what the person shows, follow from it. So parting two again leaves both rows as they were.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from accounts.enums import Evidence, Verdict
from accounts.models import Account, Contact, Pair
from accounts.queries.people import sayings_of
from accounts.queries.policies import current_policy
from accounts.rules.people import Card, Edge, heads_of, hold_together, keys_of, shown
from accounts.rules.projection import Policy
from accounts.services.parking import hold_keys
from accounts.services.values import encode
from core.bulk import copy_rows, execute
from core.ids import uuid7

BATCH = 2000
Two = tuple[UUID, UUID]
SHOW = """
UPDATE accounts_contact c SET same_as_id = w.same_as, shown = w.shown::jsonb
FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS w(id, same_as, shown) WHERE c.id = w.id
"""
COLUMNS = [
    "id", "first_contact_id", "second_contact_id", "rule", "evidence", "pattern", "import_id", "found_at", "verdict",
]  # fmt: skip


class Row(NamedTuple):
    """A contact as it is read here: an object of the model costs more than all the rest."""

    id: UUID
    account_id: UUID
    source_id: UUID
    external_id: str
    name: str
    email: str
    phone: str
    title: str
    stakeholder: str
    influence: int | None
    sentiment: int | None
    left_on: date | None
    do_not_contact: bool
    since: dict[str, str]
    same_as_id: UUID | None
    shown: dict[str, Any]


def lock_contacts(account_ids: Collection[UUID]) -> None:
    """Let nobody else change contacts of these accounts, or the accounts, until the caller's transaction ends.

    Keys first, then accounts in id order, and rows of contacts only afterwards (ADR 0012).
    """
    hold_keys()
    held = Account.objects.filter(pk__in=set(account_ids)).order_by("pk").select_for_update(no_key=True)
    list(held.values_list("pk", flat=True))


def settle_contacts(account_ids: Collection[UUID], *, now: datetime, import_id: UUID | None = None) -> None:
    """Let the contacts of these accounts be held together as their ladder and people say; the accounts are locked.

    import_id: the import whose doing it is, for its report.
    """
    if not account_ids:
        return
    rows = Contact.objects.known().filter(account__in=set(account_ids)).order_by("source_id", "external_id")
    contacts = [Row(*row) for row in rows.values_list(*Row._fields)]
    pairs: dict[UUID, Pair] = {}
    for side in ("first_contact", "second_contact"):
        pairs |= Pair.objects.filter(**{f"{side}__account__in": set(account_ids)}).in_bulk()
    by_account: dict[UUID, _Account] = {}
    for contact in contacts:
        by_account.setdefault(contact.account_id, _Account()).contacts[contact.id] = contact
    whose = {contact.id: contact.account_id for contact in contacts}
    call = _Call(now, import_id)
    for pair in pairs.values():
        two = _two(pair)
        account = whose.get(two[0])
        if account is not None and account == whose.get(two[1]):
            by_account[account].pairs[two] = pair
        elif pair.decided_by_id is None:
            call.gone.append(pair.pk)
    for one in by_account.values():
        one.settle(call)
    call.write()


@dataclass
class _Call:
    """What is to be written of all accounts."""

    now: datetime
    import_id: UUID | None
    new: list[Pair] = field(default_factory=list)
    turned: list[Pair] = field(default_factory=list)
    gone: list[UUID] = field(default_factory=list)
    changed: list[tuple[UUID, UUID | None, str]] = field(default_factory=list)
    policy: Policy = field(default_factory=current_policy)

    def write(self) -> None:
        if self.gone:
            Pair.objects.filter(pk__in=self.gone).delete()
        copy_rows(Pair._meta.db_table, COLUMNS, (_row(pair) for pair in self.new))
        fields = ["verdict", "rule", "evidence", "pattern", "import_id"]
        Pair.objects.bulk_update(self.turned, fields, batch_size=BATCH)
        if self.changed:
            execute(SHOW, [list(column) for column in zip(*self.changed, strict=True)])


def _row(pair: Pair) -> list[Any]:
    return [getattr(pair, column) if column != "evidence" else encode(pair.evidence).decode() for column in COLUMNS]


@dataclass
class _Account:
    """The contacts of one account, in the order of their sources and ids, and the pairs of two of them."""

    contacts: dict[UUID, Row] = field(default_factory=dict)
    pairs: dict[Two, Pair] = field(default_factory=dict)

    def settle(self, call: _Call) -> None:
        cards = [_card(contact) for contact in self.contacts.values()]
        said = {two: pair for two, pair in self.pairs.items() if pair.decided_by_id is not None}
        same = [two for two, pair in said.items() if pair.verdict == Verdict.SAME]
        apart = [two for two, pair in said.items() if pair.verdict == Verdict.DIFFERENT]
        stays = _stays(cards, [pair for two, pair in self.pairs.items() if two not in said])
        edges = hold_together(cards, same=[*same, *stays], apart=apart)
        joined = [(edge.first, edge.second) for edge in edges if not edge.doubt]
        self._keep(edges, stays, said.keys(), call)
        self._show([*same, *stays, *joined], call)

    def _keep(self, edges: Sequence[Edge], stays: Collection[Two], said: Collection[Two], call: _Call) -> None:
        """Write down what the ladder says now in place of what it said before; what people said stays."""
        wanted = {_in_order(edge.first, edge.second): edge for edge in edges}
        for two, pair in self.pairs.items():
            if two not in wanted and two not in said and two not in stays:
                call.gone.append(pair.pk)
        for two, edge in wanted.items():
            held = self.pairs.get(two)
            verdict = Verdict.OPEN if edge.doubt else Verdict.SAME
            if held is None:
                call.new.append(_new_pair(two, edge, verdict, call))
            elif two not in said and held.verdict != verdict:
                _write_edge(held, edge, verdict, call)
                call.turned.append(held)

    def _show(self, same: Sequence[Two], call: _Call) -> None:
        """Let one row stand for each person, the first that was known, and show what holds of all of them."""
        known_first = sorted(self.contacts)
        heads = heads_of(known_first, same)
        records: dict[UUID, list[Row]] = {}
        for id, contact in self.contacts.items():
            records.setdefault(heads[id], []).append(contact)
        for id in known_first:
            mine, contact = records.get(id, []), self.contacts[id]
            shows = shown([sayings_of(one) for one in mine], call.policy, call.now) if len(mine) > 1 else {}
            same_as = heads[id] if heads[id] != id else None
            if (contact.same_as_id, contact.shown) != (same_as, shows):
                call.changed.append((id, same_as, encode(shows).decode()))


def _stays(cards: Iterable[Card], pairs: Iterable[Pair]) -> list[Two]:
    """What the ladder held to be one and could not find any more, since one of the two has another key by now."""
    by_id = {card.id: card for card in cards}
    joined = [pair for pair in pairs if pair.verdict == Verdict.SAME]
    return [_two(pair) for pair in joined if any(_key(by_id[id], pair) != pair.evidence["value"] for id in _two(pair))]


def _key(card: Card, pair: Pair) -> str:
    return keys_of(card).get(Evidence(pair.rule), "")


def _new_pair(two: Two, edge: Edge, verdict: Verdict, call: _Call) -> Pair:
    pair = Pair(id=uuid7(), first_contact_id=two[0], second_contact_id=two[1], found_at=call.now)
    _write_edge(pair, edge, verdict, call)
    return pair


def _write_edge(pair: Pair, edge: Edge, verdict: Verdict, call: _Call) -> None:
    pair.verdict, pair.rule, pair.evidence, pair.pattern = verdict, edge.rule, dict(edge.evidence), edge.pattern
    pair.import_id = call.import_id or pair.import_id


def _card(row: Row) -> Card:
    return Card(row.id, row.source_id, row.external_id, row.name, row.email, row.phone)


def _two(pair: Pair) -> Two:
    one, other = pair.first_contact_id, pair.second_contact_id
    if one is None or other is None:
        raise ValueError(f"pair {pair.pk} is not of two contacts")
    return one, other


def _in_order(one: UUID, other: UUID) -> Two:
    return (one, other) if one < other else (other, one)


def forget_findings(import_id: UUID) -> None:
    """Forget what the ladder found in an import that is taken back; what people said of it stays."""
    Pair.objects.filter(import_id=import_id, decided_by=None).exclude(first_contact=None).delete()


def accounts_of(contact_ids: Collection[UUID]) -> set[UUID]:
    return set(Contact.objects.filter(pk__in=contact_ids).values_list("account_id", flat=True))
