"""The sections of the weekly review, and what finds their lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.enums import Role
from core.models import User
from cx_ops.weekly.counted import (
    CAME,
    CELLS,
    DRAFTS,
    FAILS,
    GAVE_UP,
    HELD,
    HOOKS,
    JOINED,
    LETTERS,
    PAIRS,
    PARKED,
    Seen,
    count_seen,
)
from cx_ops.weekly.week import Week
from decisions.enums import OutcomeKind
from intake.enums import ImportStatus
from intake.models import Import, Trouble
from intake.queries.columns import blank_columns, unread_columns
from intake.queries.sources import token_ended
from playbooks.enums import RunStepStatus
from playbooks.models import RunStep, Task

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

SHOWN, MOST = 8, 200  # lines of a section at first, and of failed files where all are asked for
SECONDS = timedelta(seconds=60)  # a task closed so soon after it was opened was not worked on
# They need no step done.
SAYS_WHY = (OutcomeKind.DUPLICATE, OutcomeKind.INSIGHT_WRONG, OutcomeKind.SIGNAL_CLEARED, OutcomeKind.NOT_RELEVANT)


class Line(NamedTuple):
    """One thing to look at; `url` is where it is mended, "" where nothing can be. `state`, `tone`: of its badge."""

    text: str
    note: str
    url: str
    button: str
    state: str = ""
    tone: str = ""


Found = tuple[list[Line], int]  # some lines, and how many there are


@dataclass(frozen=True)
class Section:
    """`count`: all there are, of which some lines are shown. `good` is said where there is none."""

    name: str
    title: str
    why: str
    good: str
    count: int
    lines: list[Line]

    @property
    def more(self) -> int:
        return self.count - len(self.lines)


def load_sections(week: Week, user: User, now: datetime, whole: str = "") -> list[Section]:
    """Everything there is to look at, in the order in which it is looked through; of the section `whole` all lines."""
    seen = count_seen(week, user, now)
    found = []
    for name, (title, why, good, find) in SECTIONS.items():
        lines, count = find(week, user, seen)
        shown = lines if name == whole else lines[:SHOWN]
        found.append(Section(name, str(title), str(why), str(good), count, shown))
    return found


def _to_source(slug: str) -> tuple[str, str]:
    return reverse("source", args=[slug]), _("Open the source")


def _may_replay(user: User) -> bool:
    """Whether `user` may open the screens from which a record is replayed."""
    return user.role == Role.OPS or user.is_superuser


def _failures(week: Week, user: User, seen: Seen) -> Found:
    files = Import.objects.visible_to(user).filter(status=ImportStatus.FAILED)
    files = files.filter(finished_at__gte=week.begins, finished_at__lt=week.ends)
    shown = list(files[:MOST])
    lines = [Line(of.filename, of.message, reverse("import", args=[of.pk]), _("Open the file")) for of in shown]
    if mails := seen.acts.get(GAVE_UP, 0):
        words = ngettext("%(n)d e-mail could not be sent", "%(n)d e-mails could not be sent", mails) % {"n": mails}
        lines.append(Line(words, "", f"{reverse('audit')}?kind={GAVE_UP}+effect", _("In the audit trail")))
    for letter in seen.lost[LETTERS]:
        words = ngettext("%(n)d dead letter of %(stage)s", "%(n)d dead letters of %(stage)s", letter.n)
        note, url = ("", reverse("dead_letters")) if _may_replay(user) else (_("Operations can replay them."), "")
        lines.append(Line(words % {"n": letter.n, "stage": letter.slug}, note, url, _("Look and replay")))
    failed = files.count() if len(shown) == MOST else len(shown)  # asked only where these may not be all
    return lines, failed + bool(mails) + len(seen.lost[LETTERS])


def _refused(week: Week, user: User, seen: Seen) -> Found:
    lines = []
    for slug, name, kind, count, rows in seen.lost[CAME]:
        words = {"source": name, "n": count, "all": rows, "kind": kind}
        lines.append(Line(_("%(source)s: %(n)d of %(all)d %(kind)s not taken") % words, "", *_to_source(slug)))
    for file in seen.lost[CELLS]:
        said = ngettext("%(source)s: %(n)d cell left out", "%(source)s: %(n)d cells left out", file.n)
        where = reverse("import", args=[file.kind]), _("Open the file")
        lines.append(Line(said % {"source": file.name, "n": file.n}, file.slug, *where))
    for file in seen.lost[DRAFTS]:
        where = reverse("import", args=[file.kind]), _("Review the file")
        lines.append(Line(_("%(source)s: a file waits to be confirmed") % {"source": file.name}, file.slug, *where))
    for parked in seen.lost[PARKED]:
        said = ngettext("%(n)d row of %(kind)s waits", "%(n)d rows of %(kind)s wait", parked.n)
        lines.append(Line(said % {"n": parked.n, "kind": parked.slug}, "", reverse("parked"), _("Which accounts")))
    for held in seen.lost[HELD]:
        said = ngettext("%(source)s: %(n)d message in quarantine", "%(source)s: %(n)d messages in quarantine", held.n)
        replay = f"{reverse('quarantine')}?source={held.slug}", _("Look and replay")
        where = replay if _may_replay(user) else _to_source(held.slug)
        lines.append(Line(said % {"source": held.name, "n": held.n}, _("Kept as they came."), *where))
    return lines, len(lines)


def _troubles(week: Week, user: User, seen: Seen) -> Found:
    of_week = Q(cleared_at=None) | Q(found_at__gte=week.begins)
    tasks = Task.objects.active().filter(trouble=OuterRef("pk")).values("pk")
    found = Trouble.objects.visible_to(user).filter(of_week, found_at__lt=week.ends).select_related("source")
    with_task: QuerySet[Any] = found.annotate(task=Subquery(tasks[:1]))
    lines = []
    for trouble in sorted(with_task, key=lambda one: (one.cleared_at is not None, one.accepted_at is not None)):
        state, tone = _("Still so"), "bad"
        if trouble.cleared_at or trouble.accepted_at:
            state, tone = (_("Well again"), "good") if trouble.cleared_at else (_("No fault, said its owner"), "")
        task = (reverse("task", args=[trouble.task]), _("Open the task")) if trouble.task else None
        lines.append(Line(trouble.title, "", *(task or _to_source(trouble.source.slug)), state, tone))
    return lines, len(lines)


def _connections(week: Week, user: User, seen: Seen) -> Found:
    """Tokens that had expired by the end of the week, and webhooks whose messages are not taken."""
    lines = []
    for source in seen.sources:
        if ended := token_ended(source, source.last_at, seen.until):  # type: ignore[attr-defined]  # by list_in_use
            where = (reverse("tokens"), _("Make a new one")) if _may_replay(user) else _to_source(source.slug)
            day = formats.date_format(timezone.localtime(ended), "j M Y")
            note = _("on %(day)s; what it sends by API is refused") % {"day": day}
            lines.append(Line(_("%(source)s: its API token has expired") % {"source": source}, note, *where))
    for hook in seen.lost[HOOKS]:
        fails = hook.kind == FAILS and seen.until < week.ends
        given_up = ngettext("%(n)d message given up", "%(n)d messages given up", hook.n) % {"n": hook.n}
        if fails or hook.n:
            said = _("%(source)s: its webhook fails") if fails else _("%(source)s: its webhook failed")
            where = reverse("webhook", args=[hook.slug]), _("Look and send again")
            lines.append(Line(said % {"source": hook.name}, given_up if hook.n else "", *where))
    return lines, len(lines)


def _unowned(week: Week, user: User, seen: Seen) -> Found:
    lines = []
    for source in seen.sources:
        lacks = {
            _("no owner"): source.owner is None or not source.owner.is_active,
            _("no backup"): source.backup is None or not source.backup.is_active,
            _("no runbook"): not source.runbook.strip(),
        }
        if note := ", ".join(words for words, is_missing in lacks.items() if is_missing):
            lines.append(Line(source.name, note, *_to_source(source.slug)))
    return lines, len(lines)


def _merges(week: Week, user: User, seen: Seen) -> Found:
    lines = []
    for verb, words in JOINED.items():
        if count := seen.acts.get(verb, 0):
            said = ngettext("%(n)d account %(what)s", "%(n)d accounts %(what)s", count) % {"n": count, "what": words}
            lines.append(Line(said, "", f"{reverse('audit')}?kind={verb}+account", _("In the audit trail")))
    if pairs := sum(of.n for of in seen.lost[PAIRS]):
        said = ngettext("%(n)d pair of accounts or people waits", "%(n)d pairs of accounts or people wait", pairs)
        note, url = ("", reverse("review")) if user.role != Role.LEADER else (_("Operations or a manager decides."), "")
        lines.append(Line(said % {"n": pairs}, note, url, _("Decide")))
    return lines, len(lines)


def _unused(week: Week, user: User, seen: Seen) -> Found:
    """Columns that every file of four weeks brought empty, and columns that no mapping reads."""
    lines = []
    for blank in blank_columns(week.ends):
        words = {"source": blank.source, "field": blank.column, "kind": blank.kind}
        said = _("%(source)s: nobody fills “%(field)s” of %(kind)s") % words
        note = _("blank in all %(n)d rows of four weeks") % {"n": blank.rows}
        lines.append(Line(said, note, f"{reverse('source', args=[blank.slug])}#columns", _("What to do")))
    for unread in unread_columns(user, week.ends):
        words = {"source": unread.source, "kind": unread.kind, "columns": ", ".join(unread.columns[:6])}
        said = _("%(source)s: nothing reads %(columns)s of %(kind)s") % words
        where = f"{reverse('source', args=[unread.slug])}#columns", _("What to do")
        lines.append(Line(said, _("sent, and mapped to no field"), *where))
    return lines, len(lines)


def _workarounds(week: Week, user: User, seen: Seen) -> Found:
    closed = Task.objects.visible_to(user).filter(closed_at__gte=week.begins, closed_at__lt=week.ends)
    done = RunStep.objects.filter(run=OuterRef("run_id"), status=RunStepStatus.DONE)
    stepless = Q(run__isnull=False, run_step=None) & ~Exists(done)
    hasty = Q(closed_at__lt=F("opened_at") + SECONDS)
    found = closed.filter(stepless | hasty, closed_by__isnull=False).exclude(outcome__in=SAYS_WHY)
    playbook = "run__version__playbook"
    counted = found.order_by().values_list(playbook, f"{playbook}__name").annotate(n=Count("pk"))
    rows = counted.annotate(accounts=ArrayAgg("account__name", order_by="-closed_at")).order_by("-n")
    lines = []
    for slug, name, count, accounts in rows:
        words = {"playbook": name or _("Without a playbook, within a minute"), "n": count}
        said = ngettext("%(playbook)s: %(n)d task", "%(playbook)s: %(n)d tasks", count) % words
        where = reverse("admin:playbooks_playbook_change", args=[slug]) if slug and user.is_staff else ""
        shown = ", ".join(account for account in accounts[:SHOWN] if account)
        lines.append(Line(said, shown, where, _("Open the playbook")))
    return lines, len(lines)


# Name of a section: its title, why one looks at it, what is said where there is nothing, and what finds it.
SECTIONS: dict[str, tuple[_StrOrPromise, _StrOrPromise, _StrOrPromise, Callable[[Week, User, Seen], Found]]] = {
    "failures": (
        gettext_lazy("Files, e-mails and records that failed"),
        gettext_lazy("Files that could not be read, e-mails given up, records that a stage gave up on."),
        gettext_lazy("No file failed as a whole, every e-mail went out, no record is stuck."), _failures,
    ),
    "troubles": (
        gettext_lazy("Feeds with trouble"),
        gettext_lazy("Nothing came, much less came, or columns and values were not as usual."),
        gettext_lazy("No feed had trouble."), _troubles,
    ),
    "connections": (
        gettext_lazy("Tokens and webhooks"),
        gettext_lazy("A token that has expired, and nothing came since; a webhook whose messages were not taken."),
        gettext_lazy("No token in use has expired, and no webhook failed."), _connections,
    ),
    "refused": (
        gettext_lazy("Not taken, or waiting"),
        gettext_lazy("Not taken: rejected, quarantined, a cell left out. Waiting: for its account or to be confirmed."),
        gettext_lazy("Every row and cell was taken, and none waits."), _refused,
    ),
    "unowned": (
        gettext_lazy("Sources that nobody looks after"),
        gettext_lazy("Without an owner, a backup or a runbook."),
        gettext_lazy("Every source has an owner, a backup and a runbook."), _unowned,
    ),
    "merges": (
        gettext_lazy("Accounts merged, split or in doubt"),
        gettext_lazy("Whatever was merged or split says why, and can be undone."),
        gettext_lazy("No account was merged or split, and no pair is in doubt."), _merges,
    ),
    "unused": (
        gettext_lazy("Columns that stay blank or go nowhere"),
        gettext_lazy("Blank in every row of four weeks, or mapped to no field."),
        gettext_lazy("Every column holds something, and is mapped to a field."), _unused,
    ),
    "workarounds": (
        gettext_lazy("Playbooks that were not followed"),
        gettext_lazy("Tasks closed with no step done, or within a minute: the playbook may not fit."),
        gettext_lazy("Every task that was closed followed its playbook."), _workarounds,
    ),
}  # fmt: skip
