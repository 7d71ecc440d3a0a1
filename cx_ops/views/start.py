"""The first day: what to bring, in which order, and what is there already."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Model
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.models import Account, Activity, Contact, LedgerEntry
from core.enums import Role
from core.guards import PEOPLE, PersonRequest, for_roles
from core.views.person import go_home
from insights.models import Insight
from intake.enums import ImportStatus
from intake.models import Import
from intake.queries import visible_imports

BRINGERS = (Role.MANAGER, Role.OPS)


@dataclass(frozen=True)
class Step:
    """One kind of data to bring. `rows`: where it shows that some is there; `needed`: nothing works without it."""

    kinds: tuple[str, ...]
    title: Promise
    text: Promise
    rows: tuple[type[Model], ...]
    needed: bool = True


@dataclass(frozen=True)
class Line:
    """A step and how far it is."""

    step: Step
    is_there: bool
    files: list[Import]


STEPS = (
    Step(
        ("accounts",), _("Accounts"),
        _("Your customers, as your CRM exports them: an id and a name are enough; revenue, renewal and the success "
          "manager make what follows sharper."),
        (Account,),
    ),
    Step(
        ("contacts", "orders", "tickets"), _("Contacts, orders, tickets"),
        _("Who works there, what they paid, what they asked. Not needed on the first day, and what the account page "
          "tells from then on."),
        (Contact, LedgerEntry, Activity), needed=False,
    ),
    Step(
        ("scores",), _("Scores"),
        _("What your model says: type, confidence, when. Every score gets a decision, and those that ask for a person "
          "become tasks in somebody's queue."),
        (Insight,),
    ),
)  # fmt: skip


@require_safe
@for_roles(*PEOPLE)
def begin(request: PersonRequest) -> HttpResponseBase:
    """Where everybody begins; in an empty system whoever can fill it begins with what to bring."""
    may_bring = request.user.role in BRINGERS or request.user.is_superuser
    if may_bring and not Account.objects.exists():  # visible or not: is there any at all?
        return redirect("start")
    return go_home(request)


@require_safe
@for_roles(*BRINGERS)
def show_start(request: PersonRequest) -> HttpResponse:
    """Three steps from three exports to a working queue."""
    files = visible_imports(request.user).exclude(status=ImportStatus.STOPPED)
    steps = [_line(step, [one for one in files[:50] if one.kind in step.kinds]) for step in STEPS]
    first = next((line for line in steps if line.step.needed and not line.is_there), None)
    context = {"steps": steps, "next": first}
    return render(request, "cx_ops/start.html", context)


def _line(step: Step, files: list[Import]) -> Line:
    return Line(step, any(model._default_manager.exists() for model in step.rows), files[:3])
