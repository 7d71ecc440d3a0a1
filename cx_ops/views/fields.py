"""Who may see which field, and what may leave: a table, and a form for each line."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from core.enums import Role
from core.export import Column, csv_file, wants_csv
from core.guards import LEADS, PersonRequest, for_roles
from cx_ops.field_privacy import FieldLine, field_lines
from intake.enums import PrivacyClass
from intake.services.privacy import PrivacyRefused, class_field

MAY_CLASS = (Role.MANAGER, Role.OPS)
SEERS = (Role.CSM, Role.MANAGER, Role.LEADER, Role.OPS)
COLUMNS: tuple[Column[FieldLine], ...] = (
    Column(gettext_lazy("Field"), lambda line: line.field),
    Column(gettext_lazy("Class"), lambda line: line.privacy.value),
    Column(gettext_lazy("Who may see it"), lambda line: line.role_words),
    Column(gettext_lazy("May leave"), lambda line: line.may_leave),
)


@require_safe
@for_roles(*LEADS)
def show_fields(request: PersonRequest) -> HttpResponseBase:
    """Every field with its class; leaders read."""
    lines = field_lines()
    if wants_csv(request):
        return csv_file("fields", COLUMNS, lines)
    context = {
        "lines": lines,
        "roles": [(role.value, role.label) for role in SEERS],
        "may_class": request.user.role in MAY_CLASS or request.user.is_superuser,
    }
    return render(request, "cx_ops/fields.html", context)


@require_POST
@for_roles(*MAY_CLASS)
def class_a_field(request: PersonRequest) -> HttpResponse:
    """Class the field that the form names."""
    line = next((line for line in field_lines() if line.field == request.POST.get("field")), None)
    if line is None:
        messages.error(request, _("There is no such field."))
        return redirect("fields")
    privacy = request.POST.get("privacy", "")
    if privacy not in dict(line.choices):
        messages.error(request, _("%(field)s cannot be classed so: choose one of the list.") % {"field": line.label})
        return redirect("fields")
    roles = [role for role in SEERS if role in request.POST.getlist("roles")]
    try:
        class_field(
            field=line.field, privacy=PrivacyClass(privacy), roles=roles, may_leave="may_leave" in request.POST,
            by=request.user, now=request.now,
        )  # fmt: skip
    except PrivacyRefused as refusal:
        messages.error(request, f"{line.label}: {refusal}")
    else:
        messages.success(request, _("Saved: %(field)s.") % {"field": line.label})
    return redirect("fields")
