"""Which outcomes a task of one insight type can be closed with, in the order of their keys."""

from __future__ import annotations

from typing import NamedTuple

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.written import Written
from decisions.enums import OutcomeKind as Kind
from playbooks.models import CloseReason, Task
from playbooks.rules.outcomes import OF_SOURCE, outcomes_for

HELP = {
    Kind.INSIGHT_WRONG: _("Not held against you"),
    Kind.OTHER: _("Needs a few words"),
    Kind.FIXED: _("It is raised again if the next delivery shows the same"),
    Kind.NOT_A_FAULT: _("It is meant to be so: what comes now is the new normal"),
}
KEYS = 6
# Goes with every outcome that has reasons, and needs words.
ANOTHER = "other"
LABELS = {Kind.COMPLETED: _("Done")}


# Keys beside the numbers, and what an outcome asks for next, by its id on the page.
LETTERS = {Kind.INSIGHT_WRONG: "w"}
THEN = {Kind.INSIGHT_WRONG: "id_reason", Kind.OTHER: "id_note"}


class Option(NamedTuple):
    """One radio card: `key` and `letter` choose it, and the focus goes to what it asks for, `then`."""

    value: str
    label: object
    help: object
    key: str
    letter: str
    then: str


class Reason(NamedTuple):
    """A reason that goes with an outcome."""

    outcome: str
    slug: str
    name: str


def outcomes_of(task: Task) -> tuple[Kind, ...]:
    """What the task may be closed with, in the order in which it is shown."""
    if task.source_id is not None:
        return OF_SOURCE
    direction = task.type.direction if task.type else ""
    return outcomes_for(task.type_id or "", direction, is_step=task.run_step_id is not None)


def options_of(task: Task) -> list[Option]:
    """The radio cards of the close form."""
    return [
        Option(
            kind.value,
            LABELS.get(kind, kind.label),
            HELP.get(kind, ""),
            str(number) if number <= KEYS else "",
            LETTERS.get(kind, ""),
            THEN.get(kind, ""),
        )
        for number, kind in enumerate(outcomes_of(task), start=1)
    ]


def label_of(outcome: str) -> str:
    """An outcome in words."""
    kind = Kind(outcome)
    return str(LABELS.get(kind, kind.label))


@Written
def _reasons() -> QuerySet[CloseReason, tuple[str, str, str]]:
    rows = CloseReason.objects.filter(is_active=True).order_by("outcome", "name")
    return rows.values_list("outcome", "slug", "name")


def reasons_of(task: Task) -> list[Reason]:
    """The reasons that may go with the outcomes of this task, those of one outcome together."""
    allowed = outcomes_of(task)
    found = [reason for reason in map(Reason._make, _reasons()) if reason.outcome in allowed]
    outcomes = list(dict.fromkeys(reason.outcome for reason in found))
    others = [Reason(outcome, ANOTHER, str(_("Another reason: say it in the note"))) for outcome in outcomes]
    return sorted([*found, *others], key=lambda reason: outcomes.index(reason.outcome))
