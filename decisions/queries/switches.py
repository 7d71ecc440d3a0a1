"""The kill switches in words: what is switched off, by whom, since when, and what could be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _

from core.bulk import read_rows
from core.models import Act, User
from decisions.enums import SwitchScope
from decisions.models import KillSwitch


class SwitchLine(NamedTuple):
    """A switch. `by` and `at` say who threw it last, where that is on record."""

    scope: str
    value: str
    label: str
    is_off: bool
    why: str
    by: User | None
    at: datetime | None

    @property
    def key(self) -> str:
        return f"{self.scope}:{self.value}"


Choices = list[tuple[str, list[tuple[str, str]]]]


class Switches(NamedTuple):
    """`off` is what is switched off now; `choices` what can be, grouped as a select wants it."""

    off: list[SwitchLine]
    choices: Choices


NAMES = """
SELECT 'type', slug, name FROM insights_insighttype
UNION ALL SELECT 'source', slug, name FROM intake_source ORDER BY 3
"""


def read_switches(playbooks: Mapping[str, str]) -> Switches:
    """Three queries; two where nothing is switched off."""
    choices = _choices(playbooks)
    labels = {key: label for _group, options in choices for key, label in options}
    rows = list(KillSwitch.objects.filter(is_off=True).order_by("scope", "value"))
    acts: dict[str, Act] = {}
    thrown = Act.objects.filter(subject_type="killswitch", verb="switched_off", subject_id__in=[row.pk for row in rows])
    for act in thrown.select_related("by").order_by("at"):
        acts[act.subject_id] = act
    return Switches([_line(row, labels, acts.get(str(row.pk))) for row in rows], choices)


def _line(row: KillSwitch, labels: Mapping[str, str], act: Act | None) -> SwitchLine:
    label = labels.get(f"{row.scope}:{row.value}", row.value)
    return SwitchLine(
        row.scope, row.value, label, row.is_off, row.why, act.by if act else None, act.at if act else None
    )


def _choices(playbooks: Mapping[str, str]) -> Choices:
    rows = read_rows(NAMES)
    types = {slug: name for what, slug, name in rows if what == "type"}
    sources = {slug: name for what, slug, name in rows if what == "source"}
    named: list[tuple[SwitchScope, str, Mapping[str, str]]] = [
        (SwitchScope.ALL, _("Everything"), {"": str(SwitchScope.ALL.label)}),
        (SwitchScope.TYPE, _("Insight types"), types),
        (SwitchScope.PLAYBOOK, _("Playbooks"), playbooks),
        (SwitchScope.SOURCE, _("Sources"), sources),
    ]
    return [
        (group, [(f"{scope.value}:{value}", label) for value, label in names.items()])
        for scope, group, names in named
        if names
    ]
