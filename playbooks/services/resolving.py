"""Who takes over: the chain behind an account, without those who left or are away."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from uuid import UUID

from django.db.models import Count, OuterRef, Q

from accounts.enums import AccountRole
from accounts.models import Account, AccountPerson
from core.models import Organisation, User
from playbooks.enums import ACTIVE, TakesAs

# Of a person: whether they take what nobody else can.
IS_CATCH_ALL = Organisation.caught_by(OuterRef("pk"))


def lead_of(account: Account) -> User | None:
    """The active lead of the account's team, else the installation's catch-all."""
    lead = account.team.lead if account.team else None
    if lead and lead.is_active:
        return lead
    organisation = Organisation.objects.select_related("catch_all").first()
    catch_all = organisation.catch_all if organisation else None
    return catch_all if catch_all and catch_all.is_active else None


def successors(
    accounts: Collection[Account], *, leaver: User, now: datetime
) -> dict[UUID, tuple[User, TakesAs]]:  # fmt: skip
    """Who takes each account's work from `leaver`, and as what: its CSM, the team's pool, its lead, the catch-all.

    A pool takes in turn, those with the fewest open tasks first. An account for which nobody is left is missing.
    """
    here = User.objects.available_at(now).exclude(pk=leaver.pk).annotate(is_catch_all=IS_CATCH_ALL)
    available = {user.pk: user for user in here}
    csms = dict(
        AccountPerson.objects.filter(account__in=accounts, role=AccountRole.CSM).values_list("account_id", "user_id")
    )
    pools = Pools(available)
    catch_all = next((user for user in here if user.is_catch_all), None)

    def chain(account: Account) -> Iterator[tuple[User | None, TakesAs]]:
        yield available.get(csms.get(account.pk)), TakesAs.CSM
        if account.team:
            yield pools.next_of(account.team.pk), TakesAs.POOL
            yield available.get(account.team.lead_id), TakesAs.LEAD
        yield catch_all, TakesAs.CATCH_ALL

    taken = {account.pk: ((who, way) for who, way in chain(account) if who) for account in accounts}
    return {id: first for id, takers in taken.items() if (first := next(takers, None))}


class Pools:
    """The pools of teams; each given task counts at once, so that a hand-over spreads."""

    def __init__(self, available: dict[UUID, User]) -> None:
        members = [user for user in available.values() if user.in_pool and user.team_id]
        open_tasks = User.objects.filter(pk__in=[user.pk for user in members]).annotate(
            n=Count("tasks", filter=Q(tasks__status__in=ACTIVE))
        )
        self._load: dict[UUID, int] = {user.pk: user.n for user in open_tasks}
        self._members = members

    def next_of(self, team_id: UUID) -> User | None:
        """The member with the fewest open tasks, who is counted as taking one."""
        mine = [user for user in self._members if user.team_id == team_id]
        if not mine:
            return None
        chosen = min(mine, key=lambda user: (self._load[user.pk], user.username))
        self._load[chosen.pk] += 1
        return chosen
