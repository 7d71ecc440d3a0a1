"""What was last changed in a kind of house rule, and by whom."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from django.core.exceptions import FieldDoesNotExist
from django.forms import DecimalField, ModelChoiceField
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from core.models import Act
from cx_ops.forms.house import in_short
from cx_ops.house.kind import RuleKind

VERBS = ("rule_added", "rule_changed", "rule_removed")
SHOWN = 5


class Change(NamedTuple):
    """One act on a rule, with what it made of which field where it changed any."""

    act: Act
    name: str
    fields: list[tuple[str, str, str]]


def last_changes(kind: RuleKind) -> list[Change]:
    """The newest first."""
    acts = Act.objects.filter(verb__in=VERBS, subject_type=kind.model.__name__.lower()).select_related("by")
    return [Change(act, str(capfirst(act.data.get("name", ""))), _fields(kind, act)) for act in acts[:SHOWN]]


def _fields(kind: RuleKind, act: Act) -> list[tuple[str, str, str]]:
    if act.verb != "rule_changed":
        return []
    before, after = act.data.get("before", {}), act.data.get("after", {})
    return [
        (_label(kind, name), _words(kind, name, before.get(name)), _words(kind, name, value))
        for name, value in after.items()
    ]


def _label(kind: RuleKind, name: str) -> str:
    field = kind.form.base_fields.get(name)
    if field is not None and field.label:
        return str(field.label)
    try:
        return str(kind.model._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    except FieldDoesNotExist:
        return name


def _words(kind: RuleKind, name: str, value: Any) -> str:
    """A value as the form shows it: somebody by name, and a tick as a word."""
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "–"
    if value in (None, ""):
        return "–"
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    field = kind.form.base_fields.get(name)
    if isinstance(field, DecimalField):
        return in_short(Decimal(value))
    if isinstance(field, ModelChoiceField) and field.queryset is not None:
        value = field.queryset.model._default_manager.filter(pk=value).first() or value
    return str(value)
