"""One person of the team: away for a while, or gone for good; what is theirs goes to others, and can come back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Account
from core.enums import Role
from core.guards import PersonRequest, for_roles
from core.middleware import zone_of
from core.models import Absence, Act, User
from core.services import AbsenceRefused, end_absence
from playbooks.enums import Held
from playbooks.forms import AwayForm, HandAllOverForm
from playbooks.queries.team import boarded_teams
from playbooks.services.leaving import (
    HANDED_OVER,
    CannotTakeBack,
    Group,
    WorkLeft,
    deactivate_user,
    go_away,
    hand_over,
    hand_overs_of,
    preview_hand_over,
    undo_hand_over,
)
from playbooks.services.taking import TaskRefused

NOTHING_TICKED = gettext_lazy("Tick what is handed over.")
HAND_OVERS_SHOWN = 5
FEW = 3


@require_safe
@for_roles(Role.MANAGER)
def show_leaving(request: PersonRequest, user_id: UUID) -> HttpResponse:
    """What would go to whom: everything along the chain, or as it was chosen; of what is ticked, to be said yes to."""
    return _page(request, find_person(request, user_id))


@require_POST
@for_roles(Role.MANAGER)
def hand_all_over(request: PersonRequest, user_id: UUID) -> HttpResponse:
    """Do what the preview showed."""
    person = find_person(request, user_id)
    form = HandAllOverForm(request.POST, user=person, now=request.now)
    if not form.is_valid() or not form.groups():
        if form.is_valid():
            form.add_error(None, NOTHING_TICKED)
        return _page(request, person, form=form, status=422)
    try:
        act = hand_over(
            user=person, by=request.user, to=form.chosen(), groups=form.groups(), why=form.cleaned_data["why"],
            now=request.now,
        )  # fmt: skip
    except TaskRefused as refusal:
        form.add_error(None, str(refusal))
        return _page(request, person, form=form, status=422)
    _say_moved(request, sum(act.data["counts"].values()))
    return redirect("leave", user_id=person.pk)


@require_POST
@for_roles(Role.MANAGER)
def set_away(request: PersonRequest, user_id: UUID) -> HttpResponse:
    """Away from one day to another, with what goes to others meanwhile; with `preview`, only show that."""
    person = find_person(request, user_id)
    form = AwayForm(request.POST, zone=zone_of(person.timezone))
    if not form.is_valid():
        return _page(request, person, away_form=form, status=422)
    if "preview" in request.POST:
        return _page(request, person, away_form=form)
    data = form.cleaned_data
    try:
        act = go_away(
            user=person, active_from=data["active_from"], active_to=data["active_to"], note=data["note"],
            meanwhile=form.groups(), only_due=form.only_due(), by=request.user, now=request.now,
        )  # fmt: skip
    except AbsenceRefused as refusal:
        form.add_error(refusal.field or None, str(refusal))
        return _page(request, person, away_form=form, status=422)
    except TaskRefused as refusal:
        form.add_error(None, str(refusal))
        return _page(request, person, away_form=form, status=422)
    messages.success(request, _("%(who)s takes no new work in these days.") % {"who": person})
    if act is not None:
        _say_moved(request, sum(act.data["counts"].values()))
    return redirect("leave", user_id=person.pk)


@require_POST
@for_roles(Role.MANAGER)
def set_back(request: PersonRequest, user_id: UUID, absence_id: int) -> HttpResponse:
    """Back early, or not away at all."""
    person = find_person(request, user_id)
    absence = get_object_or_404(Absence.objects.filter(user=person), pk=absence_id)
    end_absence(absence=absence, by=request.user, now=request.now)
    messages.success(request, _("%(who)s takes new work again.") % {"who": person})
    return redirect("leave", user_id=person.pk)


@require_POST
@for_roles(Role.MANAGER)
def undo(request: PersonRequest, act_id: UUID) -> HttpResponse:
    """Take a hand-over back, from its person's page or from the audit trail."""
    act = get_object_or_404(Act.objects.filter(verb=HANDED_OVER, subject_type="user"), pk=act_id)
    person = find_person(request, UUID(act.subject_id))
    try:
        restored, stayed = undo_hand_over(act_id=act.pk, by=request.user, now=request.now)
    except (CannotTakeBack, TaskRefused) as refusal:
        messages.error(request, str(refusal))
    else:
        words = ngettext("%(n)d thing is theirs again.", "%(n)d things are theirs again.", restored) % {"n": restored}
        if stayed:
            words += " " + _("%(n)d were passed on or closed since and stay.") % {"n": stayed}
        messages.success(request, words)
    return redirect("leave", user_id=person.pk)


@require_POST
@for_roles(Role.MANAGER)
def deactivate(request: PersonRequest, user_id: UUID) -> HttpResponse:
    """End a log-in; refused while anything is theirs."""
    person = find_person(request, user_id)
    try:
        deactivate_user(user=person, by=request.user, now=request.now)
    except WorkLeft as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("%(who)s can no longer sign in. Nothing is theirs any more.") % {"who": person})
    return redirect("leave", user_id=person.pk)


def find_person(request: PersonRequest, user_id: UUID) -> User:
    """Somebody of the teams whose board the reader may see; 404 for anybody else."""
    teams = boarded_teams(request.user)
    people = User.objects.visible_to(request.user).select_related("team").filter(team__in=teams)
    person: User = get_object_or_404(people, pk=user_id)
    return person


def _page(
    request: PersonRequest, person: User, *, form: HandAllOverForm | None = None, away_form: AwayForm | None = None,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    now = request.now
    everything = preview_hand_over(user=person, now=now)
    is_asked = form is None and "asked" in request.GET
    form = form or HandAllOverForm(_asked(request), user=person, now=now)
    chosen, ticked = (form.chosen(), form.groups()) if form.is_valid() else ({}, [])
    if is_asked and not ticked:
        form.add_error(None, NOTHING_TICKED)
    is_asked = is_asked and form.is_valid()
    shown = everything
    if chosen or is_asked:
        shown = preview_hand_over(user=person, to=chosen, groups=ticked if is_asked else tuple(Held), now=now)
    going = {group.held: group for group in shown}
    away = away_form or AwayForm(zone=zone_of(person.timezone), initial={"meanwhile": AwayForm.NOTHING})
    context: dict[str, Any] = {
        "person": person,
        "form": form,
        "groups": [
            (group, going.get(group.held), form[f"take_{group.held}"], form[f"to_{group.held}"]) for group in everything
        ],
        "without": _called_without(shown, request),
        "goes": sum(group.count - group.nobody * group.stays for group in shown) if is_asked else None,
        "left": sum(group.count for group in everything),
        "all_to": _only_taker(shown) if is_asked else None,
        "away_form": away,
        "meanwhile": _meanwhile(person, away, request),
        "absences": person.absences.filter(active_to__gt=now).order_by("active_from"),
        "hand_overs": hand_overs_of(person)[:HAND_OVERS_SHOWN],
        "now": now,
    }
    return render(request, "playbooks/leaving.html", context, status=status)


def _asked(request: PersonRequest) -> dict[str, Any]:
    """What was asked to be shown; at first nothing is ticked, so that one press hands nothing over."""
    return request.GET.dict() if any(name.startswith(("take_", "to_", "asked")) for name in request.GET) else {}


def _called_without(groups: list[Group], request: PersonRequest) -> dict[Held, str]:
    """By group the accounts for which nobody is next in line: the first few by name, where the reader may see them."""
    first = {group.held: group.without[:FEW] for group in groups if group.without}
    if not first:
        return {}
    seen = Account.objects.visible_to(request.user).filter(pk__in={id for ids in first.values() for id in ids})
    names = dict(seen.values_list("pk", "name"))
    return {held: ", ".join(sorted(names[id] for id in ids if id in names)) for held, ids in first.items()}


def _only_taker(groups: list[Group]) -> User | None:
    """Who would get all of it alone, where it is more than one thing."""
    takers = {taker.pk: taker for group in groups for taker, _count in group.to}
    is_alone = len(takers) == 1 and not any(group.nobody for group in groups)
    return next(iter(takers.values())) if is_alone and sum(group.count for group in groups) > 1 else None


def _meanwhile(person: User, form: AwayForm, request: PersonRequest) -> list[Group] | None:
    """What would go to others in the days asked for; None while none were."""
    if not form.is_bound or not form.is_valid():
        return None
    due_before = form.cleaned_data["active_to"] if form.only_due() else None
    groups = form.groups()
    return preview_hand_over(user=person, groups=groups, due_before=due_before, now=request.now) if groups else []


def _say_moved(request: PersonRequest, count: int) -> None:
    words = ngettext("%(n)d thing was handed over.", "%(n)d things were handed over.", count) % {"n": count}
    messages.success(request, words + " " + _("Undo is below."))
