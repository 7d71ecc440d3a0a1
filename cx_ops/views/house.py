"""House rules: an overview, the rows of one kind as a list and a file, and one row to change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.export import Column, csv_file, wants_csv
from core.guards import LEADS, PersonRequest, for_roles
from core.models import User
from core.services import (
    HouseRuleChanged,
    HouseRuleRefused,
    add_house_rule,
    change_house_rule,
    print_of,
    remove_house_rule,
)
from cx_ops.forms.house import RuleForm
from cx_ops.house import RULE_KINDS, RuleKind
from cx_ops.house.history import last_changes
from cx_ops.house.people import BACK_OFFICE


@require_safe
@for_roles(*LEADS)
def show_house_rules(request: PersonRequest) -> HttpResponse:
    """Every kind of house rule: what it is for, how many there are."""
    kinds = [
        (kind, kind.counted % {"n": kind.rows().count()}, reverse("house_rules_of", args=[kind.slug]))
        for kind in RULE_KINDS.values()
    ]
    return render(request, "house/overview.html", {"kinds": kinds, "tabs": _tabs("")})


@require_safe
@for_roles(*LEADS)
def show_rules_of(request: PersonRequest, kind: str) -> HttpResponseBase:
    """The rows of one kind, each with what hangs on it."""
    found = _kind(kind)
    rows, touches = list(found.rows()), found.touches(request.now)
    columns = [*found.columns, Column(_("At present"), lambda row: touches.get(row.pk, ""))]
    if wants_csv(request):
        return csv_file(found.slug, columns, rows)
    may_edit = _may_edit(request.user, found)
    context = {
        "kind": found,
        "tabs": _tabs(found.slug),
        "columns": [{"label": column.label} for column in columns],
        "rows": [_line(found, columns, row, may_edit=may_edit) for row in rows],
        "add_url": reverse("house_rule_new", args=[found.slug]) if may_edit and found.may_add() else "",
        "may_edit": may_edit,
        "beside": [
            (words, reverse(name)) for words, name in found.beside if name != BACK_OFFICE or request.user.is_staff
        ],
        "changes": last_changes(found),
    }
    return render(request, "house/rules.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*LEADS)
def new_rule(request: PersonRequest, kind: str) -> HttpResponse:
    """A row more."""
    found = _editable(request, kind)
    if not found.may_add():
        raise Http404
    form = found.form(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            row = add_house_rule(
                found.model(**form.values()), check=found.check, by=request.user, now=request.now, fields=found.written
            )
        except HouseRuleRefused as refusal:
            _add_error(form, refusal)
        else:
            return _done(request, found, _("Added “%(name)s”.") % {"name": _name(found, row)})
    return _render_form(request, found, form, None, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*LEADS)
def change_rule(request: PersonRequest, kind: str, key: str) -> HttpResponse:
    """Change a row, as it was seen; 409 with what was typed when somebody else was quicker."""
    found = _editable(request, kind)
    row = _row(found, key)
    seen = print_of(row, found.fields)
    form = found.form(request.POST or None, instance=_row(found, key))
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                changed = change_house_rule(
                    row, values=form.values(), seen=request.POST.get("seen", ""), check=found.check, by=request.user,
                    now=request.now,
                )  # fmt: skip
            except HouseRuleRefused as refusal:
                _add_error(form, refusal)
                status = 409 if isinstance(refusal, HouseRuleChanged) else 422
            else:
                said = _("Saved “%(name)s”.") if changed else _("Nothing was changed on “%(name)s”.")
                return _done(request, found, said % {"name": _name(found, row)}, found.later if changed else "")
    return _render_form(request, found, form, row, status=status, seen=seen)


@require_POST
@for_roles(*LEADS)
def remove_rule(request: PersonRequest, kind: str, key: str) -> HttpResponse:
    """Remove a row, as it was seen."""
    found = _editable(request, kind)
    if found.check_removal is None:
        raise Http404
    row = _row(found, key)
    name = _name(found, row)
    try:
        remove_house_rule(
            row, fields=found.fields, seen=request.POST.get("seen", ""), check=found.check_removal, by=request.user,
            now=request.now,
        )  # fmt: skip
    except HouseRuleRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("house_rules_of", found.slug)
    return _done(request, found, _("Removed “%(name)s”.") % {"name": name}, found.instead)


def _render_form(
    request: PersonRequest, kind: RuleKind, form: RuleForm, row: Model | None, *, status: int, seen: str = ""
) -> HttpResponse:
    context = {
        "kind": kind,
        "form": form,
        "row": row,
        "name": _name(kind, row) if row is not None else "",
        "seen": seen,
        "touches": kind.touches(request.now).get(row.pk, "") if row is not None else "",
        "as_it_is": [(column.label, column.cell(row)) for column in kind.columns[1:]] if row and status == 409 else [],
        "twin": _twin(kind, form),
        "may_remove": row is not None and _may_remove(kind, row, request.now),
    }
    return render(request, "house/rule.html", context, status=status)


def _twin(kind: RuleKind, form: RuleForm) -> tuple[str, str] | None:
    """The row that is there already of what somebody would add: its name and its address."""
    row = form.twin and kind.rows().filter(pk=form.twin.pk).first()
    return (_name(kind, row), reverse("house_rule", args=[kind.slug, row.pk])) if row else None


def _done(request: PersonRequest, kind: RuleKind, said: str, then: Any = "") -> HttpResponse:
    messages.success(request, f"{said} {then}".strip())
    return redirect("house_rules_of", kind.slug)


def _kind(slug: str) -> RuleKind:
    if slug not in RULE_KINDS:
        raise Http404
    return RULE_KINDS[slug]


def _may_edit(user: User, kind: RuleKind) -> bool:
    return user.role in kind.editors or user.is_superuser


def _editable(request: PersonRequest, slug: str) -> RuleKind:
    kind = _kind(slug)
    if not _may_edit(request.user, kind):
        roles = ", ".join(str(role.label) for role in kind.editors)
        raise PermissionDenied(_("This is changed by: %(roles)s.") % {"roles": roles})
    return kind


def _row(kind: RuleKind, key: str) -> Any:
    try:
        row = kind.rows().filter(pk=key).first()
    except (ValidationError, ValueError):
        raise Http404 from None
    if row is None or not kind.may_change(row):
        raise Http404
    return row


def _may_remove(kind: RuleKind, row: Model, now: datetime) -> bool:
    if kind.check_removal is None:
        return False
    try:
        kind.check_removal(row, now)
    except HouseRuleRefused:
        return False
    return True


def _name(kind: RuleKind, row: Model) -> str:
    """What its kind calls it, else the first column."""
    return kind.called(row) if kind.called else str(kind.columns[0].cell(row))


def _line(kind: RuleKind, columns: list[Column[Any]], row: Any, *, may_edit: bool) -> dict[str, Any]:
    head, *cells = [str(column.cell(row)) for column in columns]
    is_open = may_edit and kind.may_change(row)
    url = reverse("house_rule", args=[kind.slug, row.pk]) if is_open else ""
    labels = [column.label for column in columns[1:]]
    return {"head": head, "url": url, "cells": list(zip(labels, cells, strict=True))}


def _tabs(current: str) -> list[dict[str, Any]]:
    return [
        {"label": kind.title, "url": reverse("house_rules_of", args=[kind.slug]), "current": kind.slug == current}
        for kind in RULE_KINDS.values()
    ]


def _add_error(form: RuleForm, refusal: HouseRuleRefused) -> None:
    form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
