"""Taking events: each once, with its account where that is known, in the transaction that answers the caller.

A key per event decides whether it is new; what is new is written by COPY. An event whose account is not known is kept
without one, and what would tell it is put down as awaited (`accounts.services.linking`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from msgspec import UNSET

from accounts.enums import BEHAVIOUR
from accounts.queries.identity import find_accounts
from accounts.queries.visitors import Whose, find_by_email, find_visitors
from accounts.rules.events import EventItem, Heard, content_key, event_id, time_problem
from accounts.rules.identity import Ref
from accounts.rules.messages import Message, Said, hear_message, understand
from accounts.rules.records import account_ref
from accounts.services.awaiting import USER, await_refs
from accounts.services.retention import kept_since
from accounts.services.visitors import take_visitors
from core.bulk import (
    NULL,
    AnyId,
    Id,
    copy_lines,
    copy_text,
    execute,
    fetch_all,
    moment_text,
    moment_texts,
    read_rows,
)
from intake.enums import Landing
from intake.queries import find_namespaces
from intake.rules import Arrival, Problem, Result

# The sources' own ids of accounts, by the index that the resolve stage uses as well.
OWN_KEYS = """
SELECT value, account_id FROM accounts_accountkey
WHERE value = ANY(%s) AND kind = 'external_id' AND namespace_id = %s
"""
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
EVENTS_THAT_CAME = """
SELECT payload::text FROM accounts_event
WHERE received_at >= %(since)s AND received_at < %(until)s AND source_id = %(source)s AND import_id IS NULL
  AND hashtext(id::text) %% %(every)s = 0
LIMIT %(most)s
"""
DID = frozenset(kind.value for kind in BEHAVIOUR)
NOBODY = Whose(None, None)
Named = tuple[str, str, Heard, bytes]
"""An event after its id and its time as texts, and its JSON."""


def take_messages(items: Sequence[Message], raw: Sequence[bytes], arrival: Arrival) -> list[Result]:
    """Take messages of client libraries: events, and who somebody is; one result a message, in order."""
    meant = [understand(item) for item in items]
    good = [index for index, said in enumerate(meant) if isinstance(said, Said)]
    said = [one for one in meant if isinstance(one, Said)]
    heard = [hear_message(items[index], one, arrival) for index, one in zip(good, said, strict=True)]

    def before(fresh: set[int]) -> None:
        take_visitors([said[index] for index in sorted(fresh) if said[index].kind not in DID], arrival)

    taken = iter(_take(heard, [raw[index] for index in good], arrival, before=before))
    return [next(taken) if isinstance(one, Said) else Result(Landing.REJECTED, errors=(one,)) for one in meant]


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
    results = _take(heard, raw, arrival, refused=refused)
    return [Result(one.status, UUID(str(one.id)) if one.id else None, one.errors) for one in results]


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
    """Land what is new, in the caller's transaction; `before` is told which, and writes who somebody is."""
    refused = {**_untimely(heard, arrival), **(refused or {})}
    ids = _ids(heard, raw, arrival)
    first: dict[str, int] = {}
    for index, id in enumerate(ids):
        if index not in refused:
            first.setdefault(id, index)
    times = moment_texts([one.at for one in heard])
    new = _take_keys([(id, times[index]) for id, index in first.items()])
    fresh = {index for id, index in first.items() if id in new}
    before(fresh)
    known = _write([(ids[index], times[index], heard[index], raw[index]) for index in sorted(fresh)], arrival)
    return [_result(index, id, refused, fresh, known) for index, id in enumerate(ids)]


def _untimely(heard: Sequence[Heard], arrival: Arrival) -> dict[int, Problem]:
    now, since = arrival.now, kept_since(arrival.now)
    doubtful = [(index, one.at) for index, one in enumerate(heard) if not since <= one.at <= now]
    found = ((index, time_problem(at, now=now, kept_since=since)) for index, at in doubtful)
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
    source = arrival.source_id.bytes
    ids = []
    for one, payload in zip(heard, raw, strict=True):
        key = one.key or content_key(payload, seen[payload])
        if not one.key:
            seen[payload] += 1
        ids.append(event_id(source, key))
    return ids


def _take_keys(keys: list[tuple[str, str]]) -> set[str]:
    """Which ids were free; they are taken in their order, so that two calls with the same events do not deadlock."""
    if not keys:
        return set()
    lines = ["\t".join(key) for key in sorted(keys)]
    try:
        with transaction.atomic():  # mostly all are free: the quickest way to find out
            copy_lines("accounts_eventkey", ["id", "at"], lines)
    except IntegrityError:
        execute(STAGE_TABLE)
        execute("DELETE FROM accounts_eventkey_stage")
        copy_lines("accounts_eventkey_stage", ["id", "at"], lines)
        return {id.hex for (id,) in fetch_all(FREE_KEYS)}
    return {id for id, _at in keys}


def _write(rows: Sequence[Named], arrival: Arrival) -> set[str]:
    """Write events with the account and the contact that are known; the ids of those whose account is."""
    if not rows:
        return set()
    heard = [one for _id, _at, one, _raw in rows]
    accounts = _Accounts([one.about for one in heard if one.about], arrival)
    people = find_visitors(arrival.source_id, arrival.namespace_id, (one.user_id for one in heard if one.user_id))
    mails = find_by_email(one.email for one in heard if one.email and one.user_id not in people)
    tail = f"{arrival.source_id}\t{moment_text(arrival.received_at or arrival.now)}\t{arrival.import_id or NULL}"
    said_at = moment_texts([one.said_at or one.at for one in heard])
    lines, known, waits = [], set(), set()
    for (id, at, one, payload), said in zip(rows, said_at, strict=True):
        who = people.get(one.user_id) or mails.get(one.email) or NOBODY
        about = one.about or who.about
        account = accounts.of(one.about) if one.about else _id_text(who.account_id)
        if account:
            known.add(id)
        elif about:
            waits.add(about)
        elif one.user_id:
            waits.add((arrival.source_id, USER, one.user_id))
        sent = moment_text(one.sent_at) if one.sent_at else NULL
        lines.append(
            f"{id}\t{at}\t{said if one.said_at else NULL}\t{sent}\t{_name(one.user_id)}\t{_name(one.name)}\t"
            f"{one.kind}\t{accounts.cells(about)}\t{account or NULL}\t{_id_text(who.contact_id) or NULL}\t"
            f"{copy_text(payload.decode())}\t{tail}"
        )
    copy_lines("accounts_event", COLUMNS, lines)
    await_refs(waits)
    return known


# Writing an id or a name is dear, and those of a source's events are the same again and again.
_text = lru_cache(maxsize=16_384)(str)
_name = lru_cache(maxsize=16_384)(copy_text)


def _id_text(id: AnyId | None) -> Id | None:
    return _text(id) if id else None


class _Accounts:
    """The accounts that some refs name: mostly they are the source's own ids, which are looked up by their text."""

    def __init__(self, refs: Sequence[Ref], arrival: Arrival) -> None:
        self._own_space, self._own_text = arrival.namespace_id, str(arrival.namespace_id)
        own = {ref[2] for ref in refs if ref[0] is self._own_space}
        self._own: dict[str, Id] = dict(read_rows(OWN_KEYS, [list(own), self._own_space])) if own else {}
        others = {ref for ref in refs if ref[0] is not self._own_space}
        self._others = find_accounts(others) if others else {}

    def of(self, ref: Ref) -> Id | None:
        return self._own.get(ref[2]) if ref[0] is self._own_space else _id_text(self._others.get(ref))

    def cells(self, ref: Ref | None) -> str:
        """The three cells of a ref that may be missing."""
        if ref is None:
            return f"{NULL}\t\t"
        space, kind, value = ref
        text = self._own_text if space is self._own_space else _id_text(space) or NULL
        return f"{text}\t{kind}\t{copy_text(value)}"
