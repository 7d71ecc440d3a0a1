"""Leavers and absences: all that is somebody's goes to others, and comes back exactly as it was."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils import formats
from django.utils.translation import gettext as _

from accounts.models import Account
from accounts.services.people import source_of
from accounts.services.values import say_by_hand
from core.bulk import Id, fetch_all
from core.enums import Role
from core.models import Act, User
from core.services import record_act, record_acts, set_absence
from decisions.queries.facts import lock_accounts
from playbooks.enums import Held, TakesAs
from playbooks.models import Task
from playbooks.queries.caretakers import Caretakers
from playbooks.queries.holdings import PLACES, Holding, called, holdings_of
from playbooks.services.grants import grant_sight, revoke_idle
from playbooks.services.resolving import IS_CATCH_ALL, successors
from playbooks.services.taking import TaskRefused, check_can_take

# Where nobody is left to take these, they stay whose they are.
NEVER_EMPTY = ("role", "team", "catch_all")
HANDED_OVER, TAKEN_BACK = "handed_over", "took_back"
Chosen = Mapping[Held, User]


@dataclass(frozen=True)
class Move:
    """One row that goes to somebody, and as what; to None where nobody is left and the row may be nobody's."""

    holding: Holding
    to: User | None
    takes_as: TakesAs | None = None


@dataclass(frozen=True)
class Group:
    """What a hand-over means for one group: how many rows, called what, going to whom; `nobody`: to none.

    by: the same takers, by what they take it as. without: the accounts of those that go to none.
    stays: those stay whose they are, the others become nobody's.
    """

    held: Held
    count: int
    kinds: list[tuple[str, int]]
    to: list[tuple[User, int]]
    by: list[tuple[TakesAs, list[tuple[User, int]]]]
    nobody: int
    without: list[UUID]
    stays: bool


class WorkLeft(Exception):
    """Something is still somebody's: it is handed over first. `count`: how many rows."""

    def __init__(self, user: User, count: int) -> None:
        super().__init__(_("%(who)s still has %(count)d open: hand them over first.") % {"who": user, "count": count})
        self.count = count


class CannotTakeBack(Exception):
    """This hand-over cannot be undone; says why."""


def check_may_hand_over(by: User, user: User) -> None:
    """Raise `TaskRefused` unless `by` may give away the work of `user`: they themselves, or their manager."""
    team = user.team
    manages = by.role == Role.MANAGER and team is not None and by.pk == team.lead_id
    manages = manages or (by.role == Role.MANAGER and by.team_id == user.team_id and user.team_id is not None)
    if not (by.is_superuser or by.pk == user.pk or manages):
        raise TaskRefused(_("Only %(who)s or their manager can hand this work over.") % {"who": user}, forbidden=True)


def _check_takes(held: Held, person: User, now: datetime) -> None:
    """Raise `TaskRefused` unless `person` can take this; a playbook or a source may also be a reader's."""
    if held != Held.OWNED:
        check_can_take(person, now)
    elif not person.is_active:
        raise TaskRefused(_("%(who)s has left: choose somebody else.") % {"who": person}, "to")


def preview_hand_over(
    *, user: User, now: datetime, to: Chosen | None = None,
    groups: Collection[Held] = tuple(Held), due_before: datetime | None = None,
) -> list[Group]:  # fmt: skip
    """What `hand_over` with the same arguments would do, by group; empty groups are left out."""
    moves = _moves(user, to or {}, groups, due_before, now)
    return [group for held in Held if (group := _summary(held, moves)).count]


@transaction.atomic
def hand_over(
    *, user: User, by: User, now: datetime, to: Chosen | None = None,
    groups: Collection[Held] = tuple(Held), due_before: datetime | None = None, why: str = "",
) -> Act:  # fmt: skip
    """Give what is `user`'s in `groups` to whom `to` names, else along each account's chain.

    The chain: its CSM, the team's pool, its lead, the catch-all; what belongs to no account goes to the lead. The act
    that is returned holds every row that moved: `undo_hand_over` takes them back. Raises `TaskRefused`.
    """
    check_may_hand_over(by, user)
    for held, person in (to or {}).items():
        _check_takes(held, person, now)
    accounts = {row.account_id for row in holdings_of(user, groups, now=now, due_before=due_before) if row.account_id}
    lock_accounts(sorted(accounts))
    moves = _moves(user, to or {}, groups, due_before, now)
    done = [move for move in moves if move.to or move.holding.place not in NEVER_EMPTY]
    for place, mine in _by_place(done).items():
        rows = [(move.holding.id, user.pk, move.to.pk if move.to else None, None) for move in mine]
        _give(place, rows)
    _tell(done, before=user, by=by, now=now)
    data = {
        "moves": [_as_data(move) for move in done],
        "counts": {group.held.value: group.count for held in Held if (group := _summary(held, done)).count},
    }
    return record_act(HANDED_OVER, user, by=by, now=now, why=why.strip(), data=data)


@transaction.atomic
def go_away(
    *, user: User, active_from: datetime, active_to: datetime, meanwhile: Collection[Held], only_due: bool,
    note: str, by: User, now: datetime,
) -> Act | None:  # fmt: skip
    """`user` takes no new work in the period, and what is open in the groups `meanwhile` goes to others now.

    only_due: of the tasks only those due before they are back. The act of the hand-over; None where nothing goes.
    Raises `AbsenceRefused`, `TaskRefused`.
    """
    check_may_hand_over(by, user)
    absence = set_absence(user=user, active_from=active_from, active_to=active_to, note=note, by=by, now=now)
    due_before = active_to if only_due else None
    if not holdings_of(user, meanwhile, now=now, due_before=due_before):
        return None
    why = note.strip() or _("away until %(day)s") % {"day": formats.date_format(absence.last_day, "j M Y")}
    return hand_over(user=user, by=by, now=now, groups=meanwhile, due_before=due_before, why=why)


@transaction.atomic
def undo_hand_over(*, act_id: UUID, by: User, now: datetime) -> tuple[int, int]:
    """Take a hand-over back: (rows that are as they were, rows that others passed on or closed since, which stay).

    Raises `CannotTakeBack`, `TaskRefused`, `Act.DoesNotExist`.
    """
    act = Act.objects.select_for_update().get(pk=act_id, verb=HANDED_OVER)
    user = User.objects.select_related("team").get(pk=act.subject_id)
    check_may_hand_over(by, user)
    if "moves" not in act.data:
        raise CannotTakeBack(_("This hand-over is from before undo was kept: give the work back by hand."))
    if hand_overs_of(user).filter(pk=act.pk, is_undone=True).exists():
        raise CannotTakeBack(_("This hand-over was taken back already."))
    if not user.is_active:
        raise CannotTakeBack(_("%(who)s has left: nothing can be theirs again.") % {"who": user})
    moves = [_from_data(row) for row in act.data["moves"]]
    lock_accounts(sorted({move.holding.account_id for move in moves if move.holding.account_id}))
    restored: list[Move] = []
    for place, mine in _by_place(moves).items():
        rows = [(move.holding.id, move.to.pk if move.to else None, user.pk, move.holding.kept) for move in mine]
        back = _give(place, rows)
        restored += [move for move in mine if move.holding.id in back]
    _tell([Move(move.holding, user) for move in restored], before=None, by=by, now=now)
    revoke_idle({move.holding.account_id for move in restored if move.holding.account_id})
    count, all_of_it = _count(restored), _count(moves)
    record_act(
        TAKEN_BACK, user, by=by, now=now, data={"of": str(act.pk), "restored": count, "stayed": all_of_it - count}
    )
    return count, all_of_it - count


def hand_overs_of(user: User) -> QuerySet[Any]:
    """The acts by which `user`'s work was handed over, the newest first; `is_undone`: it was taken back."""
    acts = Act.objects.filter(subject_type="user", subject_id=str(user.pk))
    undone = acts.annotate(of=KT("data__of")).filter(verb=TAKEN_BACK, of=Cast(OuterRef("pk"), TextField()))
    return acts.filter(verb=HANDED_OVER).annotate(is_undone=Exists(undone)).select_related("by")


@transaction.atomic
def deactivate_user(*, user: User, by: User, now: datetime) -> None:
    """End somebody's log-in. Raises `WorkLeft` while anything is theirs: that is handed over first."""
    User.objects.select_for_update().get(pk=user.pk)
    left = len([row for row in holdings_of(user, tuple(Held), now=now) if row.what])
    if left:
        raise WorkLeft(user, left)
    user.is_active = False
    user.save(update_fields=["is_active"])
    record_act("deactivated", user, by=by, now=now)


# ── To whom ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _moves(user: User, to: Chosen, groups: Collection[Held], due_before: datetime | None, now: datetime) -> list[Move]:
    """Each row of `groups` that is `user`'s, and who takes it.

    Who is next in line for an account does not depend on what else is handed over: accounts with tasks come first.
    """
    everything = holdings_of(user, tuple(Held), now=now)
    holdings = [row for row in everything if PLACES[row.place].held in groups]
    if due_before is not None:
        holdings = holdings_of(user, groups, now=now, due_before=due_before)
    is_in_line = any(row.account_id and PLACES[row.place].held not in to for row in holdings)
    in_line = dict.fromkeys(row.account_id for row in everything) if is_in_line else {}
    found = Account.objects.select_related("team__lead").in_bulk([id for id in in_line if id])
    accounts = [found[id] for id in in_line if id in found]
    chain = successors(accounts, leaver=user, now=now) if accounts else {}
    heir = _heir(user, now) if any(row.account_id is None for row in holdings) else None
    of_sources = _caretakers([row.id for row in holdings if row.place == "task" and not row.account_id], user, now)
    chosen = {held: (person, TakesAs.CHOSEN) for held, person in to.items()}
    return [
        Move(
            row,
            *chosen.get(PLACES[row.place].held)
            or (chain.get(row.account_id) if row.account_id else of_sources.get(row.id, heir))
            or (None, None),
        )
        for row in holdings
    ]


def _caretakers(tasks: Sequence[Id], leaver: User, now: datetime) -> dict[Id, tuple[User, TakesAs] | None]:
    """Who takes the tasks about sources from `leaver`; None for nobody."""
    if not tasks:
        return {}
    caretakers = Caretakers(now, leaver=leaver)
    people = ("source__owner__team", "source__backup__team")
    rows = Task.objects.filter(pk__in=tasks).select_related(*people)
    found = {str(task.pk): caretakers.of(task.source) for task in rows if task.source}
    return {id: (person, TakesAs.SOURCE) if person else None for id, person in found.items()}


def _heir(user: User, now: datetime) -> tuple[User, TakesAs] | None:
    """Who takes what belongs to no account: the lead of the team, else the catch-all."""
    lead = user.team.lead_id if user.team else None
    here = User.objects.available_at(now).exclude(pk=user.pk).annotate(is_catch_all=IS_CATCH_ALL)
    heirs = here.filter(Q(pk=lead) | Q(is_catch_all=True))
    heir = min(heirs, key=lambda heir: heir.pk != lead, default=None)
    return (heir, TakesAs.LEAD if heir.pk == lead else TakesAs.CATCH_ALL) if heir else None


def _count(moves: Iterable[Move]) -> int:
    """How many of them a person counts; the rest goes along with one of these."""
    return sum(bool(move.holding.what) for move in moves)


def _summary(held: Held, moves: Iterable[Move]) -> Group:
    mine = [move for move in moves if PLACES[move.holding.place].held == held and move.holding.what]
    ways = [way for way in TakesAs if any(move.takes_as == way for move in mine)]
    return Group(
        held=held,
        count=len(mine),
        kinds=Counter(called(move.holding) for move in mine).most_common(),
        to=_takers(mine),
        by=[(way, _takers(move for move in mine if move.takes_as == way)) for way in ways],
        nobody=sum(move.to is None for move in mine),
        without=sorted({move.holding.account_id for move in mine if not move.to and move.holding.account_id}),
        stays=all(move.holding.place in NEVER_EMPTY for move in mine if not move.to),
    )


def _takers(moves: Iterable[Move]) -> list[tuple[User, int]]:
    """Who gets how many of these, whoever gets most first."""
    return Counter(move.to for move in moves if move.to).most_common()


# ── Write ─────────────────────────────────────────────────────────────────────────────────────────────────────────

GIVE = """
UPDATE {table} x SET {column} = new.to_id{more}
FROM unnest(%s::{key}[], %s::uuid[], %s::uuid[], %s::timestamptz[]) AS new (id, from_id, to_id, kept)
WHERE x.{pk} = new.id AND x.{column} IS NOT DISTINCT FROM new.from_id AND {live} RETURNING x.{pk}::text
"""
# Whoever gets a task has not acknowledged it; who gets it back had, if they had.
OF_TASKS = ", acknowledged_at = new.kept, version = x.version + 1"


def _give(name: str, rows: Sequence[tuple[Id, UUID | None, UUID | None, datetime | None]]) -> set[str]:
    """Give rows (id, from, to, acknowledged at) of one place, where they are still `from`'s; the ids that moved."""
    place = PLACES[name]
    sql = GIVE.format(
        table=place.table, column=place.column, live=place.live, key="text" if place.key == "slug" else place.key,
        pk="slug" if place.key == "slug" else "id", more=OF_TASKS if name == "task" else "",
    )  # fmt: skip
    return {id for (id,) in fetch_all(sql, [list(column) for column in zip(*rows, strict=True)])}


def _by_place(moves: Iterable[Move]) -> dict[str, list[Move]]:
    found: dict[str, list[Move]] = defaultdict(list)
    for move in moves:
        found[move.holding.place].append(move)
    return found


def _tell(moves: Collection[Move], *, before: User | None, by: User, now: datetime) -> None:
    """Let the takers see their accounts, remember whom an account names, and say it of each task."""
    seen = [(move.holding.account_id, move.to.pk) for move in moves if move.to and move.holding.account_id]
    grant_sight(seen)
    if before is not None:
        revoke_idle({account for account, _person in seen})
    roles = [move for move in moves if move.holding.place == "role"]
    if roles:
        say_by_hand(
            [(move.holding.account_id, f"people.{move.holding.what}", move.to.username)
             for move in roles if move.to and move.holding.account_id],
            source_id=source_of(by).id, actor=by.username, now=now,
        )  # fmt: skip
    why = f"hand-over from {before}" if before else "hand-over taken back"
    given = [move for move in moves if move.holding.place == "task"]
    record_acts(
        "assigned", "task", ((move.holding.id, why, {"to": str(move.to.pk) if move.to else ""}) for move in given),
        by=by, now=now,
    )  # fmt: skip


def _as_data(move: Move) -> list[Any]:
    row = move.holding
    kept = row.kept.isoformat() if row.kept else None
    account = str(row.account_id) if row.account_id else None
    return [row.place, row.id, account, row.what, kept, str(move.to.pk) if move.to else None]


def _from_data(data: list[Any]) -> Move:
    place, id, account, what, kept, to = data
    moment = datetime.fromisoformat(kept) if kept else None
    return Move(Holding(place, id, UUID(account) if account else None, what, moment), User(pk=UUID(to)) if to else None)
