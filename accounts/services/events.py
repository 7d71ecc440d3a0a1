"""Taking events: each once, with its account where that is known, in the transaction that answers the caller.

A key per event decides whether it is new; what is new is written by COPY. An event whose account is not known is kept
without one, and what would tell it is put down as awaited (`accounts.services.linking`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from msgspec import UNSET

from accounts.enums import BEHAVIOUR
from accounts.queries.identity import find_accounts
from accounts.queries.visitors import Whose, find_by_email, find_visitors
from accounts.rules.events import EventItem, Heard, content_key, event_id, time_problem
from accounts.rules.identity import Ref
from accounts.rules.messages import Message, hear_message, read_message
from accounts.rules.records import account_ref
from accounts.services.awaiting import USER, await_refs
from accounts.services.retention import kept_since
from accounts.services.visitors import take_visitors
from core.bulk import NULL, copy_lines, copy_text, execute, fetch_all, moment_text
from intake.enums import Landing
from intake.queries import find_namespaces
from intake.rules import Arrival, Problem, Result

FREE_KEYS = """
INSERT INTO accounts_eventkey (id, at) SELECT id, at FROM accounts_eventkey_stage ON CONFLICT DO NOTHING RETURNING id
"""
STAGE_TABLE = """
CREATE TEMP TABLE IF NOT EXISTS accounts_eventkey_stage (id uuid, at timestamptz) ON COMMIT DELETE ROWS
"""
COLUMNS = [
    "id", "at", "said_at", "sent_at", "user_id", "name", "kind", "about_namespace", "about_kind", "about_value",
    "account_id", "contact_id", "payload", "source_id", "received_at", "import_id",
]  # fmt: skip
NOBODY = Whose(None, None)
Named = tuple[str, Heard, bytes]
"""An event, its id, and its JSON."""


def take_messages(items: Sequence[Message], raw: Sequence[bytes], arrival: Arrival) -> list[Result]:
    """Take messages of client libraries: events, and who somebody is; one result a message, in order."""
    said = {
        index: read_message(item)
        for index, item in enumerate(items)
        if item.type not in BEHAVIOUR  # the quick way past what is plain behaviour
    }
    heard = [hear_message(item, arrival) for item in items]

    def before(fresh: set[int]) -> None:
        told = [said[index] for index in sorted(fresh & said.keys()) if said[index].kind not in BEHAVIOUR]
        take_visitors(told, arrival)

    return _take(heard, raw, arrival, before=before)


def take_events(items: Sequence[EventItem], raw: Sequence[bytes], arrival: Arrival) -> list[Result]:
    """Take events of the API or of a file; one result an item, in order."""
    spaces = find_namespaces(
        item.account.source for item in items if item.account is not UNSET and item.account.source is not UNSET
    )
    refused = {
        index: Problem("account.source", "unknown_source", _("No source '%s' is known.") % item.account.source)
        for index, item in enumerate(items)
        if item.account is not UNSET and item.account.source is not UNSET and item.account.source not in spaces
    }
    heard = [_heard(item, spaces, arrival) for item in items]
    return _take(heard, raw, arrival, refused=refused)


def _heard(item: EventItem, spaces: Mapping[str, UUID], arrival: Arrival) -> Heard:
    ref = item.account
    about: Ref | None = None
    if ref is not UNSET:
        space = arrival.namespace_id if ref.source is UNSET else spaces.get(ref.source)
        about = account_ref(ref, space)
    email = item.email.strip().lower() if item.email is not UNSET else ""
    return Heard(
        key=item.external_id if item.external_id is not UNSET else "",
        kind=item.kind,
        name=item.name.strip(),
        user_id=str(item.user_id) if item.user_id is not UNSET else email,
        email=email,
        about=about,
        at=item.happened_at,
        said_at=item.happened_at,
        sent_at=None,
    )


def _take(
    heard: Sequence[Heard],
    raw: Sequence[bytes],
    arrival: Arrival,
    *,
    refused: Mapping[int, Problem] | None = None,
    before: Callable[[set[int]], None] = lambda fresh: None,
) -> list[Result]:
    """Land what is new: `before` is told which, and writes who somebody is before it is looked up."""
    refused = {**_untimely(heard, arrival), **(refused or {})}
    ids = _ids(heard, raw, arrival)
    first: dict[str, int] = {}
    for index, id in enumerate(ids):
        if index not in refused:
            first.setdefault(id, index)
    with transaction.atomic():
        new = _take_keys([(id, heard[index].at) for id, index in first.items()])
        fresh = {index for id, index in first.items() if id in new}
        before(fresh)
        known = _write([(ids[index], heard[index], raw[index]) for index in sorted(fresh)], arrival)
    return [_result(index, id, refused, fresh, known) for index, id in enumerate(ids)]


def _untimely(heard: Sequence[Heard], arrival: Arrival) -> dict[int, Problem]:
    since = kept_since(arrival.now)
    found = ((index, time_problem(one.at, now=arrival.now, kept_since=since)) for index, one in enumerate(heard))
    return {index: problem for index, problem in found if problem}


def _result(index: int, id: str, refused: Mapping[int, Problem], fresh: set[int], known: set[str]) -> Result:
    if index in refused:
        return Result(Landing.REJECTED, errors=(refused[index],))
    if index not in fresh:
        return Result(Landing.DUPLICATE, id)
    return Result(Landing.ACCEPTED if id in known else Landing.PARKED, id)


def _ids(heard: Sequence[Heard], raw: Sequence[bytes], arrival: Arrival) -> list[str]:
    """The id of each; one without a key is known by its content, and by how many of it came before in its call."""
    seen: Counter[bytes] = Counter()
    ids = []
    for one, payload in zip(heard, raw, strict=True):
        key = one.key or content_key(payload, seen[payload])
        if not one.key:
            seen[payload] += 1
        ids.append(event_id(arrival.source_id, key))
    return ids


def _take_keys(keys: list[tuple[str, datetime]]) -> set[str]:
    """Which ids were free; they are taken in their order, so that two calls with the same events do not deadlock."""
    if not keys:
        return set()
    lines = [f"{id}\t{moment_text(at)}" for id, at in sorted(keys)]
    try:
        with transaction.atomic():  # mostly all are free: the quickest way to find out
            copy_lines("accounts_eventkey", ["id", "at"], lines)
    except IntegrityError:
        execute(STAGE_TABLE)
        execute("DELETE FROM accounts_eventkey_stage")
        copy_lines("accounts_eventkey_stage", ["id", "at"], lines)
        return {str(id) for (id,) in fetch_all(FREE_KEYS)}
    return {id for id, _at in keys}


def _write(rows: Sequence[Named], arrival: Arrival) -> set[str]:
    """Write events with the account and the contact that are known; the ids of those whose account is."""
    if not rows:
        return set()
    accounts = find_accounts({one.about for _id, one, _raw in rows if one.about})
    people = find_visitors(
        arrival.source_id, arrival.namespace_id, (one.user_id for _id, one, _raw in rows if one.user_id)
    )
    mails = find_by_email(one.email for _id, one, _raw in rows if one.email and one.user_id not in people)
    tail = f"{arrival.source_id}\t{moment_text(arrival.received_at or arrival.now)}\t{arrival.import_id or NULL}"
    lines, known, waits = [], set(), set()
    for id, one, payload in rows:
        who = people.get(one.user_id) or mails.get(one.email) or NOBODY
        about = one.about or who.about
        account = accounts.get(about) if one.about and about else who.account_id
        if account:
            known.add(id)
        elif about:
            waits.add(about)
        elif one.user_id:
            waits.add((arrival.source_id, USER, one.user_id))
        lines.append(_line(id, one, about, account, who.contact_id, payload, tail))
    copy_lines("accounts_event", COLUMNS, lines)
    await_refs(waits)
    return known


def _line(
    id: str, one: Heard, about: Ref | None, account: UUID | None, contact: UUID | None, payload: bytes, tail: str
) -> str:
    space, kind, value = about or (None, "", "")
    return "\t".join((
        id, moment_text(one.at), moment_text(one.said_at) if one.said_at else NULL,
        moment_text(one.sent_at) if one.sent_at else NULL, copy_text(one.user_id), copy_text(one.name), one.kind,
        str(space) if space else NULL, kind, copy_text(value), str(account) if account else NULL,
        str(contact) if contact else NULL, copy_text(payload.decode()), tail,
    ))  # fmt: skip
