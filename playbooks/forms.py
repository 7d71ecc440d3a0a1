"""What people type about a task, made into the arguments of a service."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import AbsenceForm, LongSelect, RowField
from core.guards import DOERS, WORKERS
from core.models import User
from decisions.enums import OutcomeKind
from playbooks.enums import Held
from playbooks.models import Task
from playbooks.models.task import TOLD_KINDS
from playbooks.queries.deadlines import Deadline
from playbooks.queries.snoozing import MORNING, Preset, day_in_words, moment_in_short
from playbooks.queries.terms import Limit

DAY = "%Y-%m-%d"  # as browsers write days
NOTE_LENGTH = 4000
MOST_ROWS = 200
NOTE_KINDS = [("", _("Note")), *TOLD_KINDS]
# Ids of the fields of a form in a dialog: behind it stands the one that closes the task, and a label names one field.
DIALOG_IDS = "dialog_%s"
NEEDED_IN_MANY = _("Needed only for a task whose time to give notice, term or window ends before. Your lead sees it.")


def needed_past(limit: Limit) -> str:
    """When a reason for putting a task off is not optional."""
    words = {"day": day_in_words(limit.day), "what": limit.what}
    return _("Needed only for a day after %(day)s, when %(what)s. Your lead sees it.") % words


class VersionedForm(forms.Form):
    """A write about a task: it carries the version that was on the screen."""

    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    is_pointless = False
    """Whether there is nothing that could be chosen."""


class CloseForm(VersionedForm):
    """An outcome, the reason that goes with it, and a note; "other" needs words."""

    outcome = forms.ChoiceField(
        label=_("How did it end?"),
        choices=OutcomeKind.choices,
        error_messages={
            "required": _("Choose what happened."),
            "invalid_choice": _("Choose one of the outcomes shown."),
        },
    )
    reason = forms.CharField(label=_("Reason"), required=False, max_length=60)
    note = forms.CharField(
        label=_("Closing note"), required=False, max_length=NOTE_LENGTH,
        help_text=_("Needed for “Other”. Kept with the outcome, and shown on the account’s timeline."),
        widget=forms.Textarea(attrs={"rows": 2, "data-key": "n", "data-key-label": _("Write a note")}),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("outcome") == OutcomeKind.INSIGHT_WRONG and not data.get("reason"):
            self.add_error("reason", _("Say why the insight was wrong: it teaches the model."))
        if data.get("outcome") == OutcomeKind.OTHER and not data.get("note", "").strip():
            self.add_error("note", _("“Other” needs a few words: write what happened."))
        return data


class NoteForm(forms.Form):
    """What was done or found out, and whether it was a call or a meeting, which the account counts as a touch."""

    kind = forms.ChoiceField(label=_("Kind"), choices=NOTE_KINDS, required=False)
    text = forms.CharField(
        label=_("Note"), max_length=NOTE_LENGTH, widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": _("Write the note first.")},
    )  # fmt: skip


class SnoozeForm(VersionedForm):
    """Until when: a preset, or a day of one's own (at nine in the morning)."""

    preset = forms.ChoiceField(label=_("Snooze until"), error_messages={"required": _("Choose until when.")})
    day = forms.DateField(
        label=_("Day"), required=False,
        widget=forms.DateInput({"type": "date", "data-picks": "own-day", "aria-label": _("A day of my own")}, DAY),
    )  # fmt: skip
    reason = forms.CharField(label=_("Reason"), required=False, max_length=200, help_text=_("Your lead sees it."))

    def __init__(
        self, *args: Any, presets: list[Preset], zone: ZoneInfo, now: datetime, limit: Limit | None = None,
        due: Deadline | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.presets, self.zone, self.now, self.due = presets, zone, now, due
        self.own_key = len(presets) + 1
        if limit:
            self.fields["reason"].help_text = needed_past(limit)
        choice = self.fields["preset"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101 - narrows the type
        choice.choices = [*((preset.value, preset.label) for preset in presets), ("day", _("A day of my own"))]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        until = self._until(data)
        if until is not None and until <= self.now:
            self.add_error("day", _("Choose a day that is still to come."))
        data["until"] = until
        return data

    def _until(self, data: dict[str, Any]) -> datetime | None:
        chosen = {preset.value: preset.until for preset in self.presets}.get(data.get("preset", ""))
        if chosen or data.get("preset") != "day":
            return chosen
        if not data.get("day"):
            if "day" not in self.errors:
                self.add_error("day", _("Choose the day."))
            return None
        return datetime.combine(data["day"], MORNING, self.zone)


class WaitForm(VersionedForm):
    """Until when the customer has the next move, and what it is."""

    next_step_on = forms.DateField(
        label=_("Ask again on"),
        help_text=_("Or sooner, when something new happens."),
        widget=forms.DateInput(attrs={"type": "date"}, format=DAY),
        error_messages={"required": _("Choose the day on which you will ask again.")},
    )  # fmt: skip
    note = forms.CharField(
        label=_("What are they to do?"), required=False, max_length=NOTE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip

    def __init__(self, *args: Any, limit: Limit | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if limit:
            self.fields["note"].help_text = needed_past(limit)


class HandOverForm(VersionedForm):
    """Who takes the task, and what they need to know."""

    to = forms.ModelChoiceField(
        label=_("To"), queryset=User.objects.none(), empty_label=_("Choose a person"),
        help_text=_("Only people who are here today."), widget=LongSelect(attrs={"data-focus": True}),
        error_messages={"required": _("Choose who takes it."), "invalid_choice": _("Choose one of the people listed.")},
    )  # fmt: skip
    note = forms.CharField(
        label=_("What they need to know"), required=False, max_length=NOTE_LENGTH,
        help_text=_("The problem, the context, what the customer is likely to want. Facts, steps and notes go along."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip

    def __init__(self, *args: Any, task: Task, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.available_at(now).filter(role__in=DOERS if task.source_id else WORKERS)
        choice = self.fields["to"]
        assert isinstance(choice, forms.ModelChoiceField)  # noqa: S101 - narrows the type
        choice.queryset = people.exclude(pk=task.assignee_id).order_by("first_name", "username")


class MergeForm(VersionedForm):
    """Which other task of the account goes on in its place."""

    into = forms.ModelChoiceField(
        label=_("It is the same as"), queryset=Task.objects.none(), empty_label=_("Choose a task"),
        widget=forms.Select(attrs={"data-focus": True}),
        error_messages={"required": _("Choose the other task."), "invalid_choice": _("Choose one of those listed.")},
    )  # fmt: skip

    def __init__(self, *args: Any, task: Task, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["into"]
        assert isinstance(choice, forms.ModelChoiceField)  # noqa: S101 - narrows the type
        choice.queryset = (
            Task.objects.visible_to(user)
            .active()
            .filter(account=task.account_id, source=task.source_id)
            .exclude(pk=task.pk)
        )
        others = list(choice.queryset[:2])
        self.is_pointless = not others
        if len(others) == 1:
            choice.initial = others[0]


class SkipForm(VersionedForm):
    """Why it is left for now."""

    reason = forms.CharField(
        label=_("Why not now?"), max_length=200,
        help_text=_("Kept as a note on the task."),
        widget=forms.TextInput(attrs={"data-focus": True}),
        error_messages={"required": _("Say in a few words why you skip it.")},
    )  # fmt: skip


class TakeOverForm(VersionedForm):
    """Why a manager goes on where somebody else is working."""

    note = forms.CharField(
        label=_("Why do you take it over?"), max_length=NOTE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3, "data-focus": True}),
        error_messages={"required": _("Say why you take it over: they will read it.")},
    )  # fmt: skip


class ViewForm(forms.Form):
    """A name for the list as it is narrowed now."""

    name = forms.CharField(label=_("Name"), max_length=60, error_messages={"required": _("Give the view a name.")})
    for_team = forms.BooleanField(label=_("For my whole team"), required=False)
    query = forms.CharField(required=False, max_length=400, widget=forms.HiddenInput)


class BulkForm(forms.Form):
    """What is done to the selected tasks; each field belongs to one of the actions."""

    to = forms.ModelChoiceField(
        label=_("To"), queryset=User.objects.none(), empty_label=_("Choose a person"), required=False
    )
    preset = forms.ChoiceField(label=_("Snooze until"), required=False)
    reason = forms.CharField(label=_("Reason"), required=False, max_length=200)

    FIELDS = {"assign": ("to", "reason"), "snooze": ("preset", "reason"), "dismiss": ("reason",), "merge": ()}
    NEEDED = {
        "assign": ("to", _("Choose who takes them.")),
        "snooze": ("preset", _("Choose until when.")),
        "dismiss": ("reason", _("Say in a few words why they no longer matter.")),
    }

    def __init__(self, *args: Any, action: str, presets: list[Preset], now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.action, self.presets = action, presets
        self.fields = {name: field for name, field in self.fields.items() if name in self.FIELDS[action]}
        if needed := self.NEEDED.get(action):
            field = self.fields[needed[0]]
            field.required, field.error_messages["required"] = True, str(needed[1])
        if isinstance(people := self.fields.get("to"), forms.ModelChoiceField):
            takers = User.objects.available_at(now).filter(role__in=("csm", "manager"))
            people.queryset = takers.order_by("first_name", "username")
        if isinstance(until := self.fields.get("preset"), forms.ChoiceField):
            until.choices = [(preset.value, f"{preset.label}: {moment_in_short(preset.until)}") for preset in presets]
            self.fields["reason"].help_text = NEEDED_IN_MANY
        if action == "assign":
            self.fields["reason"].label = HandOverForm.base_fields["note"].label

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        data["until"] = {preset.value: preset.until for preset in self.presets}.get(data.get("preset", ""))
        return data


class TaskForm(forms.Form):
    """A task made by hand."""

    title = forms.CharField(
        label=_("What is to be done?"), max_length=200, error_messages={"required": _("Say it in a few words.")}
    )
    due_on = forms.DateField(
        label=_("Due"), widget=forms.DateInput(attrs={"type": "date"}, format=DAY),
        error_messages={"required": _("Say by when.")},
    )  # fmt: skip
    assignee = forms.ModelChoiceField(label=_("For"), queryset=User.objects.none(), empty_label=None)
    text = forms.CharField(
        label=_("Details"), required=False, max_length=NOTE_LENGTH, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, now: datetime, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone, self.now = zone, now
        choice = self.fields["assignee"]
        assert isinstance(choice, forms.ModelChoiceField)  # noqa: S101 - narrows the type
        people = User.objects.available_at(now).filter(role__in=("csm", "manager"))
        choice.queryset = people.order_by("first_name", "username")

    def clean_due_on(self) -> datetime:
        """The end of that working day, in the reader's zone."""
        due = datetime.combine(self.cleaned_data["due_on"], time(17), self.zone)
        if due <= self.now:
            raise forms.ValidationError(_("Choose a day that is still to come."))
        return due


class GiveForm(VersionedForm):
    """To whom a task of nobody's goes."""

    to = forms.UUIDField()


class HandAllOverForm(forms.Form):
    """Which groups go, and to whom: empty is along each account's chain. Fields `take_<group>` and `to_<group>`."""

    why = forms.CharField(label=_("Why"), required=False, max_length=200)

    def __init__(self, *args: Any, user: User, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        here = User.objects.available_at(now).exclude(pk=user.pk).exclude(role="integration")
        people = list(here.order_by("first_name", "username"))
        workers = [person for person in people if person.role in WORKERS]
        pool = [str(person) for person in people if person.in_pool and person.team_id == user.team_id]
        self.pool_words = ", ".join(pool) or _("nobody else")
        for held in Held:
            self.fields[f"take_{held}"] = forms.BooleanField(label=held.label, required=False)
            self.fields[f"to_{held}"] = RowField(
                people if held == Held.OWNED else workers,
                label=_("%(what)s: to whom") % {"what": held.label}, nothing=_("Who is next in line"),
            )  # fmt: skip

    def groups(self) -> list[Held]:
        return [held for held in Held if self.cleaned_data.get(f"take_{held}")]

    def chosen(self) -> dict[Held, User]:
        return {held: person for held in Held if (person := self.cleaned_data.get(f"to_{held}"))}


class AwayForm(AbsenceForm):
    """A first and a last day away, and what happens to open work meanwhile."""

    NOTHING, DUE, ALL = "nothing", "due", "all"
    meanwhile = forms.ChoiceField(
        label=_("Open work"), initial=NOTHING,
        choices=((NOTHING, _("Stays with them")), (DUE, _("Handed over now: due by the last day")),
                 (ALL, _("Handed over now: all of it"))),
    )  # fmt: skip

    def groups(self) -> tuple[Held, ...]:
        """The groups that go to others meanwhile."""
        goes = {self.DUE: (Held.TASKS,), self.ALL: (Held.TASKS, Held.RUNS)}
        return goes.get(self.cleaned_data.get("meanwhile", ""), ())

    def only_due(self) -> bool:
        return bool(self.cleaned_data.get("meanwhile") == self.DUE)


def read_order(values: list[str]) -> list[UUID]:
    """The rows that were on the screen, in their order; what is not an id is left out."""
    found: list[UUID] = []
    for value in values[:MOST_ROWS]:
        try:
            found.append(UUID(value))
        except ValueError:
            continue
    return found
