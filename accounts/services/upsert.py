"""Taking accounts in bulk: what each record says is kept by its source, and the account shows what holds of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from msgspec.structs import replace

from accounts.enums import AccountRole, KeyKind
from accounts.models import Account
from accounts.queries.identity import find_accounts, find_people
from accounts.queries.policies import current_policy
from accounts.rules.hierarchy import Wish, refuse_parents
from accounts.rules.identity import Ref, standard_id
from accounts.rules.matching import Match
from accounts.rules.records import AccountItem
from accounts.rules.sayings import appointments, sayings
from accounts.services.board import Board, Held, open_board, write_keys
from accounts.services.links import Sayings, match_records
from accounts.services.parking import lock_keys
from accounts.services.reviving import revive, taken_back
from accounts.services.unchanged import find_standing, find_unchanged
from accounts.services.values import log_records
from core.bulk import Id
from core.ids import uuid7
from core.models import User
from intake.enums import Happening, Landing
from intake.rules import Arrival, Problem, Result
from intake.rules.warned import UNKNOWN_PERSON
from intake.services import announce

Said = dict[str, Any]
Refused = dict[int, tuple[Problem, ...]]


def upsert_accounts(items: Sequence[AccountItem], raw: Sequence[bytes], arrival: Arrival) -> list[Result]:
    """Create or change accounts by (namespace, external id), in the caller's transaction; one result per item.

    A record that the namespace does not know climbs the ladder of `accounts.rules.matching`. Refused rows: an unknown
    parent, a cycle of parents, and by a call somebody who is unknown or inactive; a row of a file is taken without
    them, with a warning. Records that waited for a new account are released.
    """
    names = [standard_id(item.external_id) for item in items]
    policy = current_policy()
    people = find_people({name for item in items for name in appointments(item).values() if name})
    lock_keys()
    said = [sayings(item, policy) for item in items]
    standing = find_standing(chain(names, _parents(items)), arrival)
    known = {name: one.account for name, one in standing.items()}
    same = find_unchanged(names, said, standing, policy, people)
    rest = [row for row in range(len(items)) if row not in same]
    strangers = {row: problems for row in rest if (problems := tuple(unknown_people(items[row], people)))}
    refused: Refused = {} if arrival.import_id else strangers
    new = {names[row]: said[row] for row in rest if row not in refused and names[row] not in known}
    again = taken_back(new, arrival)
    matches = match_records(new, arrival, again) if new else {}
    ids = known | {name: match.account for name, match in matches.items()}
    refused |= _bad_parents(items, names, ids, known, refused)
    records = _log(names, raw, refused, arrival)
    taken = [row for row in rest if row not in refused]
    call = _call(matches, {names[row] for row in taken}, set(known.values()), set(again.values()), arrival)
    about = {ids[names[row]] for row in rest if names[row] in ids}
    board = open_board(about, now=arrival.now, policy=policy, people=people)
    results = {row: Result(Landing.REJECTED, errors=problems) for row, problems in refused.items()}
    results |= {row: Result(Landing.UNCHANGED, id=account) for row, account in same.items()}
    links = _links_of(board, arrival)
    for row in taken:
        words = _resolved(said[row], ids, people)
        result = _take(ids[names[row]], names[row], words, records[row], board, call, links)
        results[row] = replace(result, warnings=strangers[row]) if row in strangers else result
    _write(board, call, {_ref(name, arrival): ids[name] for name in call.matches})
    return [results[row] for row in range(len(items))]


def _parents(items: Sequence[AccountItem]) -> Iterator[str]:
    return (standard_id(item.parent) for item in items if isinstance(item.parent, str))


def _log(names: Sequence[str], raw: Sequence[bytes], refused: Collection[int], arrival: Arrival) -> dict[int, Id]:
    """Keep the records that are not refused as they came; row → the record's id."""
    rows = [row for row in range(len(names)) if row not in refused]
    ids = log_records("accounts", [names[row] for row in rows], [raw[row] for row in rows], arrival)
    return dict(zip(rows, ids, strict=True))


def _write(board: Board, call: Sayings, keys: Mapping[Ref, UUID]) -> None:
    """Write what a call comes to, and tell of it."""
    board.write_accounts()
    write_keys(keys)
    call.write()
    board.write(keys=keys)
    new_here, arrival = board.made | call.revived, call.arrival
    announce(new_here, Happening.ACCOUNT_CREATED, now=arrival.now, origin=arrival.source_id)
    announce(board.touched - new_here, Happening.ACCOUNT_UPDATED, now=arrival.now, origin=arrival.source_id)


def _call(
    matches: Mapping[str, Match], came: set[str], known: set[UUID], again: set[UUID], arrival: Arrival
) -> Sayings:
    """What the records that are taken will say, with the accounts live again that they made before."""
    absent = {match.account for name, match in matches.items() if name not in came} - known
    mine = {name: match for name, match in matches.items() if name in came}
    return Sayings(arrival, mine, absent, revive({match.account for match in mine.values()} & again, arrival))


def _ref(external_id: str, arrival: Arrival) -> Ref:
    return arrival.namespace_id, KeyKind.EXTERNAL_ID.value, external_id


def find_known(external_ids: Iterable[str], arrival: Arrival) -> dict[str, UUID]:
    """External id → account, for those that the namespace knows."""
    return {ref[2]: account for ref, account in find_accounts(_ref(id, arrival) for id in external_ids).items()}


def unknown_people(item: AccountItem, people: Mapping[str, User]) -> Iterable[Problem]:
    """What is wrong with the people that a record names."""
    for role, name in appointments(item).items():
        if name and name not in people:
            where = "csm" if role == AccountRole.CSM and isinstance(item.csm, str) else f"people.{role}"
            yield Problem(
                where, UNKNOWN_PERSON, _("Nobody active has the user name or e-mail '%(name)s'.") % {"name": name}
            )


def _bad_parents(
    items: Sequence[AccountItem], names: list[str], ids: Mapping[str, UUID], known: Mapping[str, UUID], refused: Refused
) -> Refused:
    wishes = [
        Wish(row, ids[names[row]], ids.get(standard_id(item.parent)))
        for row, item in enumerate(items)
        if row not in refused and isinstance(item.parent, str) and item.parent.strip()
    ]
    if not wishes:
        return {}
    bad = refuse_parents(
        wishes,
        existing=set(known.values()),
        coming={ids[names[row]] for row in range(len(items)) if row not in refused},
        parents=dict(Account.objects.exclude(parent=None).values_list("id", "parent_id")),
    )
    return {row: (problem,) for row, problem in bad.items()}


def _resolved(said: Said, ids: Mapping[str, UUID], people: Mapping[str, User]) -> Said:
    """People by their user name and parents by our id, as values are kept; nothing of people nobody knows."""
    words = {
        field: people[value].username if value and field.startswith("people.") else value
        for field, value in said.items()
        if not value or not field.startswith("people.") or value in people
    }
    if words.get("parent"):
        words["parent"] = str(ids[standard_id(words["parent"])])
    return words


def _links_of(board: Board, arrival: Arrival) -> dict[str, Held]:
    mine = (arrival.source_id, arrival.namespace_id)
    return {
        link.external_id: link
        for links in board.links.values()
        for link in links
        if (link.source_id, link.namespace_id) == mine
    }


def _take(id: UUID, name: str, said: Said, record: Id, board: Board, call: Sayings, links: dict[str, Held]) -> Result:
    """Keep what one record says, and let its account show what holds now."""
    made = id not in board.accounts
    back = id in call.revived and id not in board.touched
    if made:
        arrival = call.arrival
        board.accounts[id] = Account(id=id, source_id=arrival.source_id, created_at=arrival.now)
        board.made.add(id)
        board.touched.add(id)
    link = links.get(name)
    linked = link is None
    if link is None:
        arrival = call.arrival
        link = links[name] = Held(uuid7(), id, arrival.source_id, arrival.namespace_id, name, {})
        call.new[link.id] = link
        board.links.setdefault(id, []).append(link)
    at = board.now.isoformat()
    news = [field for field, value in said.items() if _is_news(board, link, field, value, at)]
    for field in news:
        call.say(link, field, [said[field], at, record])
    team = board.accounts[id].team_id
    changed = board.settle(id, dict.fromkeys([*news, *board.shown_fields(id)]) if back else news)
    if back:
        board.touched.add(id)
        board.redomained.add(id)
    if board.accounts[id].team_id != team:
        call.note(link, "team", team, board.accounts[id].team_id)
    if made or back:
        return Result(Landing.CREATED, id=id)
    return Result(Landing.UPDATED if changed or (linked and name in call.matches) else Landing.UNCHANGED, id=id)


def _is_news(board: Board, link: Held, field: str, value: Any, at: str) -> bool:
    """Whether a saying is worth keeping: it is new, or it is said again where something else shows or age counts."""
    entry = link.values.get(field)
    if entry is None or entry[0] != value:
        return True
    again = board.policy.ages(field) and entry[1][:10] < at[:10]
    return bool(again or board.shown(link.account_id, field) != value)
