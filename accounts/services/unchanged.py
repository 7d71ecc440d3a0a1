"""Records that say nothing new: most of a feed that comes again. Told in one query, before anything is locked or made.

A record is unchanged if its link says all of it already and its account shows it. Whoever writes meanwhile does so
after it: nothing comes of an unchanged record but its line in the log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from accounts.rules.identity import is_placeholder
from accounts.rules.projection import Policy
from accounts.services.values import decode
from core.bulk import fetch_all
from core.models import User
from intake.rules import Arrival

Said = Mapping[str, Any]
# Whose record it is, what that says, and what its account shows, as sayings are kept.
STANDING = """
SELECT w.external_id, k.account_id, l.values, a.arr_amount::text, a.arr_currency, a.fields,
    nullif(a.name, ''), nullif(a.domain, ''), nullif(a.segment, ''), nullif(a.tier, ''), nullif(a.region, ''),
    nullif(a.stage, ''), a.renews_on::text, a.customer_since::text, a.parent_id::text
FROM unnest(%(names)s::text[]) AS w(external_id)
JOIN accounts_accountkey k ON k.value = w.external_id AND k.kind = 'external_id' AND k.namespace_id = %(namespace)s
JOIN accounts_account a ON a.id = k.account_id
LEFT JOIN accounts_link l ON l.external_id = w.external_id AND l.source_id = %(source)s
    AND l.namespace_id = %(namespace)s AND l.account_id = k.account_id AND l.revoked_at IS NULL
"""
COLUMNS = ("name", "domain", "segment", "tier", "region", "stage", "renews_on", "customer_since", "parent")
ROLES = """
SELECT p.account_id, p.role, u.username FROM accounts_accountperson p JOIN core_user u ON u.id = p.user_id
WHERE p.account_id = ANY(%s)
"""


class Standing(NamedTuple):
    """The account that a namespace calls so; what the source's record of it says (None: there is none yet), and the
    account shows.
    """

    account: UUID
    values: str | None
    amount: str | None
    currency: str
    fields: str
    columns: Sequence[str | None]

    def shown(self) -> dict[str, Any]:
        shown: dict[str, Any] = dict(zip(COLUMNS, self.columns, strict=True))
        shown["arr"] = None if self.amount is None else {"amount": self.amount, "currency": self.currency}
        if self.fields != "{}":
            shown |= {f"fields.{name}": value for name, value in decode(self.fields).items()}
        return shown


def find_standing(external_ids: Iterable[str], arrival: Arrival) -> dict[str, Standing]:
    """External id → how it stands, for those that the namespace knows."""
    names = [name for name in dict.fromkeys(external_ids) if not is_placeholder(name)]
    wanted = {"names": names, "source": arrival.source_id, "namespace": arrival.namespace_id}
    return {row[0]: Standing._make((*row[1:6], row[6:])) for row in fetch_all(STANDING, wanted)} if names else {}


def find_unchanged(
    names: Sequence[str],
    said: Sequence[Said],
    found: Mapping[str, Standing],
    policy: Policy,
    people: Mapping[str, User],
) -> dict[int, UUID]:
    """Row → its account, for records that change nothing; not all: what is doubtful is left to who looks closer.

    Left are records whose account another one of the call is about too, that name a parent or somebody unknown, and
    those of which the age counts.
    """
    times = Counter(found[name].account for name in names if name in found)
    aging = {field for field in policy.rules if policy.ages(field)}
    standing = {
        row: found[name] for row, name in enumerate(names)
        if name in found and found[name].values and times[found[name].account] == 1
        and _may_stand(said[row], aging, people)
    }  # fmt: skip
    roles = _roles([one.account for row, one in standing.items() if any(map(_is_role, said[row]))])
    return {row: one.account for row, one in standing.items() if _stands(said[row], one, roles, people)}


def _roles(accounts: list[UUID]) -> dict[tuple[UUID, str], str]:
    """(account, field) → user name."""
    found = fetch_all(ROLES, [accounts]) if accounts else []
    return {(account, f"people.{role}"): name for account, role, name in found}


def _may_stand(said: Said, aging: set[str], people: Mapping[str, User]) -> bool:
    if said.get("parent"):
        return False
    if aging and any(field in aging or field.partition(".")[0] in aging for field in said):
        return False
    return all(not value or value in people for field, value in said.items() if _is_role(field))


def _stands(said: Said, one: Standing, roles: Mapping[tuple[UUID, str], str], people: Mapping[str, User]) -> bool:
    values, shown = decode(one.values or "{}"), one.shown()
    for field, value in said.items():
        shows = shown.get(field)
        if _is_role(field):
            shows, value = roles.get((one.account, field)), people[value].username if value else None
        entry = values.get(field)
        if entry is None or entry[0] != value or shows != value:
            return False
    return True


def _is_role(field: str) -> bool:
    return field.startswith("people.")
