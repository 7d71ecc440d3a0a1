"""Everything the page of one account shows: the one read that spans all rooms."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.enums import AccountRole, ActivityKind, Stakeholder
from accounts.models import Account, Contact
from accounts.queries.page import AccountView, TimelineEntry, account_timeline, account_view
from core.models import User
from core.templatetags.cx import percent
from decisions.enums import OutcomeKind, Response, Suppression
from decisions.models import Decision
from playbooks.enums import ACTIVE, RunStatus
from playbooks.models import Run, Task
from playbooks.queries.deadlines import Deadline, next_deadline

SHOWN = 30
LEDGER = "ledger"
ICONS: dict[str, str] = {
    LEDGER: "revenue",
    ActivityKind.NOTE: "note", ActivityKind.CALL: "phone", ActivityKind.MEETING: "team", ActivityKind.EMAIL: "mail",
    ActivityKind.TICKET: "ticket", ActivityKind.USAGE: "data", ActivityKind.SURVEY: "flag",
}  # fmt: skip


class Entry(NamedTuple):
    """One thing on the timeline (templates/_components/timeline.html)."""

    at: datetime
    icon: str
    title: str
    text: str = ""
    meta: str = ""
    url: str = ""


class OpenTask(NamedTuple):
    task: Task
    deadline: Deadline


@dataclass(frozen=True)
class AccountPage:
    """What `templates/accounts/detail.html` shows."""

    view: AccountView
    open_tasks: list[OpenTask]
    runs: list[Run]
    gaps: list[str]
    timeline: list[Entry]
    older_than: datetime | None


def load_account_page(
    account: Account, *, user: User, kind: str, before: datetime | None, now: datetime
) -> AccountPage:
    """The page of an account; its timeline holds what is of `kind` ("" is everything) and older than `before`."""
    view = account_view(account, user, now)
    timeline = list_timeline(account, kind=kind, before=before)
    runs = Run.objects.filter(account=account, status=RunStatus.LIVE, automated=True)
    return AccountPage(
        view=view,
        open_tasks=list_open_tasks(account, now),
        runs=list(runs.select_related("version__playbook", "owner")),
        gaps=list_gaps(view),
        timeline=timeline[:SHOWN],
        older_than=timeline[SHOWN - 1].at if len(timeline) > SHOWN else None,
    )


def list_open_tasks(account: Account, now: datetime) -> list[OpenTask]:
    tasks = Task.objects.filter(account=account, status__in=ACTIVE).select_related("assignee", "type")
    return [OpenTask(task, next_deadline(task, now)) for task in tasks]


def list_gaps(view: AccountView) -> list[str]:
    """What is missing or old, in words: each makes a decision about this account worse."""
    account, contacts, values = view.facts.account, view.contacts, view.values
    checks = {
        _("its yearly revenue"): account.arr_amount is None,
        _("its renewal date"): account.renews_on is None,
        _("who its customer success manager is"): all(person.role != AccountRole.CSM for person in view.people),
        _("who its contacts are"): not contacts,
        _("who decides there"): bool(contacts) and not any(map(_is_sponsor, contacts)),
        _("anything newer than half a year"): bool(values) and all(value.is_stale for value in values),
    }
    return [gap for gap, is_open in checks.items() if is_open]


def _is_sponsor(contact: Contact) -> bool:
    return contact.left_on is None and contact.stakeholder in (Stakeholder.SPONSOR, Stakeholder.DECISION_MAKER)


# ── Timeline ──────────────────────────────────────────────────────────────────────────────────────────────────────


def list_timeline(account: Account, *, kind: str, before: datetime | None) -> list[Entry]:
    """What happened, newest first; one more than is shown, if there is more."""
    readers = [reader for name, (_label, reader) in KINDS.items() if kind in ("", name)]
    entries = [entry for reader in readers for entry in reader(account, before)]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[: SHOWN + 1]


def _activities(account: Account, before: datetime | None) -> Iterable[Entry]:
    return (_entry(row) for row in account_timeline(account.pk, before=before) if row.kind != LEDGER)


def _orders(account: Account, before: datetime | None) -> Iterable[Entry]:
    return (_entry(row) for row in account_timeline(account.pk, before=before) if row.kind == LEDGER)


def _entry(row: TimelineEntry) -> Entry:
    label = "" if row.kind == LEDGER else str(ActivityKind(row.kind).label)
    meta = " · ".join(part for part in (label, row.by) if part)
    return Entry(row.at, ICONS.get(row.kind, "info"), row.title, row.text[:400], meta, row.url)


def _decisions(account: Account, before: datetime | None) -> Iterable[Entry]:
    rows = Decision.objects.filter(account=account).select_related("insight", "type").defer("inputs", "reasons")
    found = (rows.filter(decided_at__lt=before) if before else rows).order_by("-decided_at")[: SHOWN + 1]
    for row in found:
        words = {"type": row.type.name, "sure": percent(row.confidence)}
        verdict = str(Response(row.response).label)
        if row.suppressed_by:
            verdict = f"{verdict}: {str(Suppression(row.suppressed_by).label).lower()}"
        yield Entry(
            at=row.decided_at,
            icon="insight",
            title=_("%(type)s, %(sure)s sure") % words,
            meta=f"{row.insight.model} {row.insight.model_version} · {verdict}",
            url=reverse("decision", args=[row.pk]),
        )


def _tasks(account: Account, before: datetime | None) -> Iterable[Entry]:
    rows = Task.objects.filter(account=account).select_related("assignee", "created_by")
    for row in (rows.filter(opened_at__lt=before) if before else rows).order_by("-opened_at")[: SHOWN + 1]:
        meta = _("Task for %(name)s") % {"name": row.assignee} if row.assignee else _("Task, nobody has it yet")
        yield Entry(row.opened_at, "queue", row.title, meta=meta, url=reverse("task", args=[row.pk]))


def _outcomes(account: Account, before: datetime | None) -> Iterable[Entry]:
    rows = Task.objects.filter(account=account, closed_at__isnull=False).select_related("closed_by")
    for row in (rows.filter(closed_at__lt=before) if before else rows).order_by("-closed_at")[: SHOWN + 1]:
        assert row.closed_at is not None
        yield Entry(
            at=row.closed_at,
            icon="check-circle",
            title=_("%(title)s: %(outcome)s") % {"title": row.title, "outcome": OutcomeKind(row.outcome).label},
            text=row.outcome_note,
            meta=str(row.closed_by or _("Closed by itself")),
            url=reverse("task", args=[row.pk]),
        )


Reader = Callable[[Account, datetime | None], Iterable[Entry]]
KINDS: dict[str, tuple[Any, Reader]] = {
    "activities": (gettext_lazy("Activities"), _activities),
    "insights": (gettext_lazy("Insights and decisions"), _decisions),
    "tasks": (gettext_lazy("Tasks"), _tasks),
    "outcomes": (gettext_lazy("Outcomes"), _outcomes),
    "orders": (gettext_lazy("Orders"), _orders),
}
