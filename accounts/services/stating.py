"""What records say and which accounts they would be about, without believing any of it: for a feed beside another.

The same sayings, the same ladder and the same guards as `upsert`; nothing is written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from msgspec import UNSET

from accounts.enums import Evidence
from accounts.models import Account
from accounts.queries.identity import find_people
from accounts.queries.policies import current_policy
from accounts.rules.identity import standard_id
from accounts.rules.records import AccountItem, AccountRef
from accounts.rules.sayings import appointments, sayings
from accounts.services.links import match_records
from accounts.services.upsert import find_known, unknown_people
from accounts.services.whose import Refusals, find_whose
from core.models import User
from intake.models import Held
from intake.rules import Arrival, Stated

KIND = "accounts"
# What the records of a source say of accounts, the newest record of each.
SAID = """
SELECT DISTINCT ON (account_id) account_id, '' AS slot, values FROM accounts_link
WHERE source_id = %(old)s AND namespace_id IS NOT NULL AND revoked_at IS NULL ORDER BY account_id, id DESC
"""


def state_accounts(items: Sequence[AccountItem], arrival: Arrival, run_id: UUID) -> list[Stated]:
    """As `upsert_accounts` would take them. A parent is looked at when the feed is switched to: it may still come."""
    names = [standard_id(item.external_id) for item in items]
    policy = current_policy()
    people = find_people({name for item in items for name in appointments(item).values() if name})
    parents = {standard_id(item.parent) for item in items if isinstance(item.parent, str)}
    known = find_known({*names, *parents}, arrival)
    linked = {**_held_accounts({*names, *parents}, run_id), **known}
    said = {name: sayings(item, policy) for name, item in zip(names, items, strict=True)}
    new = {name: values for name, values in said.items() if linked.get(name) is None}
    matched, doubtful = _match(new, arrival, run_id) if new else ({}, set())
    at, strict = arrival.now.isoformat(), arrival.import_id is None
    strangers = [tuple(unknown_people(item, people)) for item in items]
    return [
        Stated(
            name,
            account_id=linked.get(name) or matched.get(name),
            values={field: [value, at] for field, value in _named(said[name], linked, people).items()},
            is_doubtful=name in doubtful,
            problems=unknown if strict else (),
            warnings=() if strict else unknown,
        )
        for name, unknown in zip(names, strangers, strict=True)
    ]


def _held_accounts(names: Collection[str], run_id: UUID) -> dict[str, UUID | None]:
    """Records of accounts that are held of this run, with the account they would be about, if any."""
    held = Held.objects.filter(run=run_id, kind=KIND, external_id__in=list(names))
    return dict(held.values_list("external_id", "account_id"))


def _match(said: Mapping[str, Mapping[str, Any]], arrival: Arrival, run_id: UUID) -> tuple[dict[str, UUID], set[str]]:
    """What the ladder says of records that nobody knows, and which of them it leaves to a person.

    An account that another record of the run is about has its one id of this source already.
    """
    matches = match_records(said, arrival, {})
    found = {name: match.account for name, match in matches.items() if match.rule != Evidence.NEW}
    there = set(Account.objects.filter(pk__in=found.values(), archived_at=None).values_list("pk", flat=True))
    mine = Held.objects.filter(run=run_id, kind=KIND, account_id__in=there).exclude(external_id__in=list(said))
    taken = set(mine.values_list("account_id", flat=True))
    doubtful = {name for name, match in matches.items() if match.doubt or found.get(name) in taken}
    return {name: account for name, account in found.items() if account in there - taken}, doubtful


def _named(said: Mapping[str, Any], linked: Mapping[str, UUID | None], people: Mapping[str, User]) -> dict[str, Any]:
    """People by their user name and parents by our id where it is known, as values are kept; nothing of strangers."""
    words = {
        field: people[value].username if value and field.startswith("people.") else value
        for field, value in said.items()
        if not value or not field.startswith("people.") or value in people
    }
    if words.get("parent"):
        parent = standard_id(words["parent"])
        words["parent"] = str(linked.get(parent) or parent)
    return words


def state_rows(items: Sequence[Any], arrival: Arrival, run_id: UUID) -> list[Stated]:
    """Rows about accounts. Refused: an account that cannot arrive."""
    found, refused = subjects_of(items, arrival, run_id)
    return [
        Stated(
            item.external_id if item.external_id is not UNSET else "",
            account_id=found.get(row),
            problems=refused.get(row, ()),
        )
        for row, item in enumerate(items)
    ]


def subjects_of(items: Sequence[Any], arrival: Arrival, run_id: UUID) -> tuple[dict[int, UUID], Refusals]:
    """Row → the account it is about, as far as we or what is held of this run know it; row → why it can have none."""
    whose = find_whose(items, arrival)
    rest = {row: standard_id(ref[2]) for row, ref in whose.waits.items() if _is_own(items[row].account, arrival)}
    held = _held_accounts(set(rest.values()), run_id) if rest else {}
    linked = {row: account for row, name in rest.items() if (account := held.get(name)) is not None}
    return {**whose.accounts, **linked}, whose.refused


def _is_own(ref: AccountRef, arrival: Arrival) -> bool:
    """Whether the account is named by an id of the new feed itself."""
    return ref.external_id is not UNSET and ref.source in (UNSET, arrival.source_slug)
