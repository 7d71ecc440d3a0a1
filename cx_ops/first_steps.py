"""The way from an empty system to a working queue: what to bring, in which order, what is there, what comes next."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Activity, Contact, LedgerEntry
from core.enums import Role
from core.models import Organisation, User
from insights.models import Insight
from intake.enums import ImportStatus, Landing
from intake.models import Import
from intake.queries import visible_imports, with_cells_left_out
from intake.queries.sources import not_taken
from intake.services.steps import NextStep, register_steps
from playbooks.models import Task

BRINGERS = (Role.MANAGER, Role.OPS)


@dataclass(frozen=True)
class Step:
    """One kind of data to bring, or one thing to settle. `rows`: where it shows that it is done.

    needed: nothing works without it. kinds: what a file of it holds; none: it is settled at `url`.
    said: what is there, in words, asked once something is.
    """

    kinds: tuple[str, ...]
    title: Promise
    text: Promise
    button: Promise
    rows: Callable[[], Iterable[QuerySet[Any]]]
    needed: bool = True
    settled_at: Callable[[], str] | None = None
    said: Callable[[], str] = str

    @property
    def url(self) -> str:
        return self.settled_at() if self.settled_at else f"{reverse('imports')}?kind={self.kinds[0]}"


@dataclass(frozen=True)
class Line:
    """A step and how far it is."""

    step: Step
    is_there: bool
    said: str
    files: list[tuple[Import, list[str]]]
    """The newest, each with what of it was not taken, in words."""


def accounts_said() -> str:
    count = Account.objects.filter(archived_at=None).count()
    return ngettext("%(n)s account is here", "%(n)s accounts are here", count) % {"n": f"{count:,}"}


def catch_all_said() -> str:
    return gettext("%(who)s takes what nobody else can") % {
        "who": Organisation.objects.select_related("catch_all").get().catch_all
    }


def organisation_url() -> str:
    """Where the catch-all is named."""
    row = Organisation.objects.first()
    if row is None:
        return reverse("house_rule_new", args=["organisation"])
    return reverse("house_rule", args=["organisation", row.pk])


STEPS = (
    Step(
        ("accounts",), _("Accounts"),
        _("Your customers, as your CRM exports them: an id and a name are enough; revenue, renewal and the success "
          "manager make what follows sharper."),
        _("Bring accounts"), lambda: [Account.objects.all()], said=accounts_said,
    ),
    Step(
        (), _("Who takes what nobody else can"),
        _("An account whose success manager has no log-in here is nobody's, and so would be the work on it. Name one "
          "person as the catch-all; log-ins and teams can follow."),
        _("Name the catch-all"), lambda: [Organisation.objects.filter(catch_all__is_active=True)],
        settled_at=organisation_url, said=catch_all_said,
    ),
    Step(
        ("contacts", "orders", "tickets"), _("Contacts, orders, tickets"),
        _("Who works there, what they paid, what they asked. Not needed on the first day, and what the account page "
          "tells from then on."),
        _("Bring orders"), lambda: [Contact.objects.all(), LedgerEntry.objects.all(), Activity.objects.all()],
        needed=False,
    ),
    Step(
        ("scores",), _("Scores"),
        _("What your model says: type, confidence, when. Every score gets a decision, and those that ask for a person "
          "become tasks in somebody's queue."),
        _("Bring scores"), lambda: [Insight.objects.all()],
    ),
)  # fmt: skip


def may_bring(user: User) -> bool:
    return user.role in BRINGERS or user.is_superuser


def step_lines(user: User) -> list[Line]:
    """Every step, with what is there and the newest files of it that `user` may see."""
    files = [
        (one, not_taken(one.counts.get(Landing.REJECTED.value, 0), one.cells_left_out))  # type: ignore[attr-defined]
        for one in with_cells_left_out(visible_imports(user).exclude(status=ImportStatus.STOPPED))[:50]
    ]
    return [
        Line(step, there, step.said() if there else "", [of for of in files if of[0].kind in step.kinds][:3])
        for step in STEPS
        for there in [is_there(step)]
    ]


def is_there(step: Step) -> bool:
    """Whether anything of the step is here, seen by somebody or not."""
    return any(rows.exists() for rows in step.rows())


def next_needed() -> Step | None:
    """The first step without which nothing works that is still to be done."""
    return next((step for step in STEPS if step.needed and not is_there(step)), None)


def is_brought() -> bool:
    """Whether all data without which nothing works are here."""
    return all(is_there(step) for step in STEPS if step.needed and step.kinds)


def begins_with_steps(user: User) -> bool:
    """Whether `user` begins with what to bring: they may, something needed is not here, and no work waits for them."""
    if not may_bring(user) or is_brought():
        return False
    return not Task.objects.active().filter(assignee=user).exists()


def tell_next(user: User, of: Import) -> NextStep | None:
    """After a file of the first days: the step that is still to be done; after the first scores, the queue."""
    brings_first_scores = of.kind == "scores" and not Insight.objects.filter(id__lt=of.pk).exists()
    if not may_bring(user) or (is_brought() and not brings_first_scores):
        return None
    step = next_needed()
    if step is not None:
        return NextStep(step.title, step.text, step.button, step.url)
    text = _("Scores above the bands are tasks by now, each with its reason, its owner and the money at stake.")
    where = "home" if user.role == Role.MANAGER else "team"
    return NextStep(_("The queue"), text, _("Look at the work"), reverse(where))


def register_first_steps() -> None:
    register_steps(tell_next)
