"""The audit trail as a page and as a file."""

from __future__ import annotations

from datetime import date
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.models.account import reads_all
from core.export import Column, csv_file, wants_csv
from core.guards import LEADS, PersonRequest, for_roles
from core.models import User
from cx_ops.audit import PAGE, CursorUnknown, Line, after, all_in_words, cursor_of, fold, in_words, visible_acts
from cx_ops.audit.form import AuditForm
from cx_ops.audit.words import KINDS
from playbooks.queries.team import boarded_teams, may_lead

COLUMNS: tuple[Column[Line], ...] = (
    Column(_("When"), lambda line: line.act.at),
    Column(_("Who"), lambda line: line.who),
    Column(_("Kind"), lambda line: line.kind),
    Column(_("What"), lambda line: line.text),
    Column(_("Account"), lambda line: line.named.account),
    Column(_("Why"), lambda line: line.why),
    Column(_("Id"), lambda line: line.act.subject_id),
)


@require_safe
@for_roles(*LEADS)
def show_audit(request: PersonRequest) -> HttpResponseBase:
    """Who did what, when and why; filtered by person, kind, account and day."""
    form = AuditForm(request.GET, people=_people(request.user), kinds=kind_choices(), user=request.user)
    if not form.is_valid():
        return _page(request, form, [], "", status=422)
    acts = form.wanted().apply(visible_acts(request.user))
    if wants_csv(request):
        return csv_file("audit", COLUMNS, all_in_words(acts))
    try:
        found = list(after(acts, request.GET.get("after", ""))[: PAGE + 1])
    except CursorUnknown:
        raise Http404 from None
    following = cursor_of(found[PAGE - 1]) if len(found) > PAGE else ""
    return _page(request, form, in_words(found[:PAGE]), following)


def _page(
    request: PersonRequest, form: AuditForm, lines: list[Line], following: str, *, status: int = 200
) -> HttpResponse:
    kept = {name: value for name in form.fields if (value := request.GET.get(name))}
    query = f"?{urlencode(kept)}" if kept else ""
    days = [(day, fold(mine)) for day, mine in groupby(lines, key=_local_day)]
    context: dict[str, Any] = {
        "form": form,
        "days": days,
        "query": query,
        "is_filtered": bool(kept),
        "next_url": f"?{urlencode(kept | {'after': following})}" if following else "",
        "first_url": query or "?" if request.GET.get("after") else "",
        "may_lead": may_lead(request.user),
        "reads_all": reads_all(request.user),
        "account": form.found,
    }
    return render(request, "cx_ops/audit.html", context, status=status)


def _local_day(line: Line) -> date:
    return timezone.localtime(line.act.at).date()


def _people(user: User) -> list[tuple[str, str]]:
    """Whose acts can be asked for: everybody of the teams that `user` may see; leavers too."""
    people = User.objects.visible_to(user).exclude(role="integration").order_by("first_name", "username")
    if may_lead(user) and not user.is_superuser:
        people = people.filter(team__in=boarded_teams(user))
    return [(str(person.pk), str(person)) for person in people]


def kind_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every kind by its group; those of one name in one line, such as "exported contact,exported account"."""
    groups: dict[str, dict[str, list[str]]] = {}
    for (verb, subject), kind in KINDS.items():
        groups.setdefault(str(kind.group), {}).setdefault(str(kind.name), []).append(f"{verb} {subject}")
    return [(group, [(",".join(kinds), name) for name, kinds in names.items()]) for group, names in groups.items()]
