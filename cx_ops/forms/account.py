"""Forms that need more than one room."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.enums import BECAME, ActivityKind, Forecast
from accounts.models import Account, Contact
from core.forms import RowField
from insights.enums import SURE, Direction
from insights.models import InsightType
from playbooks.models import RunStep
from playbooks.rules.steps import fill

TOUCH_KINDS = (ActivityKind.CALL, ActivityKind.MEETING, ActivityKind.NOTE)

DIRECTIONS = {Direction.RISK: _("Risks"), Direction.OPPORTUNITY: _("Good news")}


class RaiseForm(forms.Form):
    """An insight by a person: it goes through the same door, and is measured like any other."""

    type = forms.ModelChoiceField(
        label=_("What do you think will happen?"), queryset=InsightType.objects.filter(is_active=True),
        empty_label=_("Choose one"), error_messages={"required": _("Choose what you think will happen.")},
    )  # fmt: skip
    confidence = forms.TypedChoiceField(label=_("How sure are you?"), choices=SURE, coerce=Decimal, initial="0.75")
    words = forms.CharField(
        label=_("What did you see or hear?"), max_length=240, widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say in a sentence what you saw or heard.")},
    )  # fmt: skip

    def __init__(self, *args: Any, types: Sequence[InsightType], **kwargs: Any) -> None:
        """`types`: what can be raised; risks and good news stand apart."""
        super().__init__(*args, **kwargs)
        type = self.fields["type"]
        assert isinstance(type, forms.ModelChoiceField)  # noqa: S101 - narrows the type
        groups = [
            (words, [(one.pk, one.name) for one in types if one.direction == direction])
            for direction, words in DIRECTIONS.items()
        ]
        type.choices = [("", type.empty_label), *(group for group in groups if group[1])]


class TouchForm(forms.Form):
    """A note, call or meeting in ten seconds: one field and its kind; the rest may stay as it is."""

    kind = forms.ChoiceField(
        label=_("Kind"), choices=[(kind.value, kind.label) for kind in TOUCH_KINDS], initial=ActivityKind.CALL,
        widget=forms.RadioSelect,
    )  # fmt: skip
    text = forms.CharField(
        label=_("What was said or done"), max_length=8000,
        widget=forms.Textarea(
            attrs={
                "rows": 1, "autocomplete": "off", "data-key": "n", "data-key-label": _("Log a call or note"),
                "placeholder": _("What was said or done? The first line is what the timeline shows."),
            }
        ),
        error_messages={"required": _("Say in a few words what it was about.")},
    )  # fmt: skip

    def __init__(
        self, *args: Any, account: Account, contacts: Sequence[Contact], steps: Sequence[RunStep], **kwargs: Any
    ) -> None:
        """`contacts`: who can be talked to; `steps`: what can be ticked, by their titles as they read for `account`."""
        super().__init__(*args, **kwargs)
        self.fields["contact"] = RowField(contacts, label=_("With"), nothing=_("Nobody in particular"))
        self.fields["step"] = RowField(
            steps, label=_("Completes a step"), nothing=_("No step"),
            name=lambda one: fill(one.step.title, {"account": account.name}),
        )  # fmt: skip


FORECASTS = [one for one in Forecast.choices if one[0] not in BECAME]
# Of a term that is over.
OUTCOMES = [(Forecast.UNKNOWN.value, _("Not known yet")), *((one.value, one.label) for one in BECAME)]


class ForecastForm(forms.Form):
    """How sure a renewal is, or what became of it; `was` is what the page showed."""

    was = forms.ChoiceField(choices=Forecast.choices)
    forecast = forms.ChoiceField(label=_("Forecast"))

    def __init__(self, *args: Any, is_over: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.fields["forecast"]
        assert isinstance(chosen, forms.ChoiceField)  # noqa: S101 - narrows the type
        said = [(one.value, one.label) for one in BECAME if one == self["was"].value()]  # by a source, before its time
        chosen.choices = OUTCOMES if is_over else [*said, *FORECASTS]


class AsOfForm(forms.Form):
    """The day on which an account's values are read; `known`: by what was known on that day, not since."""

    as_of = forms.DateField(
        label=_("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": _("Write the day as 2026-03-31.")},
    )  # fmt: skip
    known = forms.ChoiceField(
        label=_("By what is known"), required=False,
        choices=[("", _("by what we know now")), ("on", _("by what we knew then"))],
    )  # fmt: skip

    def moment(self, now: datetime) -> datetime | None:
        """The end of the day in the reader's zone, never later than `now`; None for today."""
        day = self.cleaned_data.get("as_of") if self.is_valid() else None
        if day is None:
            return None
        end = timezone.make_aware(datetime.combine(day, time.max))
        return min(end, now)
