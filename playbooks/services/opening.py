"""Opening tasks for decisions of the human band: owner, service level, lane, plan, permission to see the account."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from msgspec.json import decode

from core.bulk import NULL, Id, copy_lines, copy_text, moment_text
from core.business_time import Hours, add_business_hours
from core.ids import uuid7_text
from core.services import raise_alert, record_acts
from core.templatetags.cx import humane
from decisions.queries.explain import first_fact, uncapitalised
from playbooks.enums import Lane, RunStatus, RunStepStatus, StepKind, TaskStatus
from playbooks.queries.dispatching import (
    Case,
    Level,
    Owner,
    Plan,
    ids_of,
    organisation_hours,
    owners,
    plans,
    service_levels,
)
from playbooks.rules.cap import Urgent, those_released
from playbooks.services.capacity import floods, lock_rooms, take_room
from playbooks.services.grants import grant_sight

TASK_COLUMNS = [
    "id", "account_id", "type_id", "item_id", "decision_id", "run_id", "title", "text", "status", "lane", "back_to",
    "assignee_id", "team_id", "urgent", "priority", "priority_parts", "due_at", "acknowledge_by", "touch_by",
    "snooze_reason", "flag", "evidence_count", "expires_at", "opened_at", "outcome", "outcome_reason",
    "outcome_note", "version",
]  # fmt: skip
RUN_COLUMNS = [
    "id", "version_id", "item_id", "account_id", "insight_id", "owner_id", "status", "automated", "started_at",
    "ended_why",
]  # fmt: skip
STEP_COLUMNS = ["id", "run_id", "step_id", "status", "due_at"]
AT_WORK = """
SELECT item_id FROM playbooks_task WHERE item_id = ANY(%s)
    AND (run_step_id IS NULL AND status IN ('open', 'claimed', 'snoozed', 'waiting') OR decision_id = ANY(%s))
"""
LIVE_RUNS = "SELECT item_id FROM playbooks_run WHERE item_id = ANY(%s) AND status = 'live'"

# Whole batches fall due by few calendars.
due_after = lru_cache(maxsize=4096)(add_business_hours)


@dataclass(frozen=True)
class Book:
    """What a batch is opened by, read once."""

    people: Mapping[Id, Owner]
    levels: Mapping[str, Level]
    plans: Mapping[str, Plan]
    office: Hours
    now: datetime
    dues: dict[tuple[Id | None, int], str] = field(default_factory=dict)

    @classmethod
    def of(cls, cases: Sequence[Case], now: datetime) -> Book:
        return cls(
            people=owners(case.owner_id for case in cases),
            levels=service_levels(),
            plans=plans({case.playbook for case in cases}),
            office=organisation_hours(),
            now=now,
        )

    def owner(self, case: Case) -> Owner | None:
        """The case's owner, unless they left since it was decided."""
        person = self.people.get(case.owner_id) if case.owner_id else None
        return person if person and person.is_active else None

    def level(self, case: Case) -> Level:
        return self.levels.get(case.tier) or self.levels[""]

    def due(self, case: Case, hours: int) -> str:
        """So many business hours from now, by the owner's calendar or the organisation's, as text."""
        due = self.dues.get((case.owner_id, hours))
        if due is None:
            owner = self.owner(case)
            due = moment_text(due_after(self.now, hours, owner.hours if owner else self.office))
            self.dues[case.owner_id, hours] = due
        return due


def open_tasks(cases: Sequence[Case], now: datetime) -> None:
    """Open a task for each decision whose item is open and has none; what needs nobody's room stands in Now.

    `urgent` tasks count against the cap: the rest of a person's day waits in Later, by priority.
    """
    fresh = without_those_at_work(cases)
    if not fresh:
        return
    book = Book.of(fresh, now)
    lanes = _lanes(fresh, book)
    runs = _plan(fresh, book)
    ids = {case.insight_id: uuid7_text() for case in fresh}
    copy_lines(
        "playbooks_task",
        TASK_COLUMNS,
        (_task_line(ids[c.insight_id], c, lanes[c.insight_id], runs.get(c.insight_id), book) for c in fresh),
    )
    strangers = ((c, owner) for c in fresh if (owner := book.owner(c)) and owner.team_id != c.team_id)
    grant_sight((case.account_id, owner.id) for case, owner in strangers)
    record_acts(
        "opened", "task",
        ((ids[c.insight_id], c.act, {"decision": c.insight_id, "lane": lanes[c.insight_id]}) for c in fresh),
        actor="dispatch", now=now,
    )  # fmt: skip
    tell_of_unassigned((case for case in fresh if book.owner(case) is None), now)


def without_those_at_work(cases: Sequence[Case]) -> list[Case]:
    """One case per open item that nobody has a task for yet, the oldest first."""
    open_items = {case.item_id: case for case in reversed(cases) if case.item_is_open}
    at_work = ids_of(AT_WORK, [list(open_items), [case.insight_id for case in open_items.values()]])
    return sorted(case for id, case in open_items.items() if id not in at_work)


def tell_of_unassigned(cases: Iterable[Case], now: datetime) -> None:
    """Alert each team of items that belong to nobody."""
    counts = Counter(case.team_id for case in cases)
    for team, count in counts.items():
        text = ngettext(
            "%(count)d new item has no owner: nobody in the chain is available. Assign it.",
            "%(count)d new items have no owner: nobody in the chain is available. Assign them.",
            count,
        )
        raise_alert(
            "unassigned", text % {"count": count}, on_day=now.date(), now=now, team_id=team, data={"count": count}
        )


def _lanes(cases: Sequence[Case], book: Book) -> dict[Id, Lane]:
    """Now for what its owner has room for, or what passes; Later for the rest."""
    flooding = floods(cases, book.people, book.now)
    by_owner: dict[Id, list[Urgent]] = defaultdict(list)
    lanes: dict[Id, Lane] = {}
    for case in cases:
        passes = case.red_lines or (book.level(case).passes_cap and case.origin not in flooding)
        if owner := book.owner(case):
            by_owner[owner.id].append(Urgent(case.insight_id, case.priority, passes))
        else:
            lanes[case.insight_id] = Lane.NOW if passes or case.origin not in flooding else Lane.LATER
    people = [book.people[id] for id in by_owner]
    rooms = lock_rooms(people, book.now)
    released = {id: those_released(urgent, rooms[id]) for id, urgent in by_owner.items()}
    take_room(people, {id: len(ids) for id, ids in released.items()}, book.now)
    in_now: set[Id] = set().union(*released.values())
    return lanes | {
        task.id: Lane.NOW if task.id in in_now else Lane.LATER for tasks in by_owner.values() for task in tasks
    }


def _plan(cases: Sequence[Case], book: Book) -> dict[Id, Id]:
    """Start the playbook of each case as its owner's check-list: steps for people only, nothing goes by itself."""
    busy = ids_of(LIVE_RUNS, [[case.item_id for case in cases]])
    planned = [case for case in cases if case.playbook in book.plans and case.item_id not in busy]
    runs = {case.insight_id: uuid7_text() for case in planned}
    copy_lines("playbooks_run", RUN_COLUMNS, (run_line(runs[c.insight_id], c, book, automated=False) for c in planned))
    copy_lines(
        "playbooks_runstep",
        STEP_COLUMNS,
        (
            "\t".join(
                (uuid7_text(), runs[case.insight_id], step.id, RunStepStatus.OPEN, book.due(case, step.business_hours))
            )
            for case in planned
            for step in book.plans[case.playbook].steps
            if step.kind is StepKind.TASK
        ),
    )
    return runs


def run_line(id: Id, case: Case, book: Book, *, automated: bool) -> str:
    """A line of `RUN_COLUMNS`."""
    owner = book.owner(case)
    return "\t".join(
        (
            id, book.plans[case.playbook].version_id, case.item_id or NULL, case.account_id, case.insight_id,
            owner.id if owner else NULL, RunStatus.LIVE, "t" if automated else "f", moment_text(book.now), "",
        )
    )  # fmt: skip


def _task_line(id: Id, case: Case, lane: Lane, run: Id | None, book: Book) -> str:
    """A line of `TASK_COLUMNS`. What waits until its owner has room has no deadline but the end of its window."""
    level, owner = book.level(case), book.owner(case)
    if owner and lane is Lane.LATER:
        due_at, acknowledge_by, touch_by = moment_text(case.expires_at), NULL, NULL
    else:
        due_at = acknowledge_by = book.due(case, level.acknowledge_hours)
        touch_by = book.due(case, level.touch_hours)
    return "\t".join(
        (
            id, case.account_id, case.type_id, case.item_id or NULL, case.insight_id, run or NULL,
            copy_text(title_of(case)), "", TaskStatus.OPEN, lane, "", owner.id if owner else NULL,
            case.team_id or NULL, "t", str(case.priority), copy_text(case.parts), due_at, acknowledge_by,
            touch_by, "", "", str(case.evidence_count), moment_text(case.expires_at),
            moment_text(book.now), "", "", "", "1",
        )
    )  # fmt: skip


def title_of(case: Case) -> str:
    """What the task is called on every screen: its type and the weightiest fact, else the reason given."""
    said = (
        first_fact(decode(case.factors or "[]"))
        or humane(case.reason)
        or _("%(who)s says so, without facts") % {"who": case.says}
    )
    return f"{case.type}: {uncapitalised(said)}"[:200]


def open_items_of(cases: Collection[Case]) -> list[Id]:
    """The open items that cases are about."""
    return sorted({case.item_id for case in cases if case.item_id and case.item_is_open})
