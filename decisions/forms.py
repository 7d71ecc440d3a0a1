"""Forms of the policy screens. What may not be published is refused by the services, in the same words everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.enums import AccountRole
from decisions.rules import Place
from decisions.services import CellKey, Seen

PARTS = ("tier", "region", "stage", "segment")


class SeenForm(forms.Form):
    """Carries which draft the page showed, and how far it had been changed; no draft: empty and 0."""

    draft = forms.IntegerField(required=False, widget=forms.HiddenInput)
    edits = forms.IntegerField(widget=forms.HiddenInput)

    @property
    def seen(self) -> Seen:
        return Seen(self.cleaned_data["draft"], self.cleaned_data["edits"])


class CellForm(SeenForm):
    """One cell of the matrix. Empty parts are "all"."""

    type = forms.ChoiceField(label=_("Insight type"), required=False)
    tier = forms.ChoiceField(label=_("Tier"), required=False)
    region = forms.ChoiceField(label=_("Region"), required=False)
    stage = forms.ChoiceField(label=_("Stage"), required=False)
    segment = forms.ChoiceField(label=_("Segment"), required=False)
    role = forms.ChoiceField(label=_("Who acts"), choices=AccountRole.choices)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        types: Mapping[str, str],
        values: Mapping[str, Iterable[tuple[str, str]]],
        **more: Any,
    ) -> None:
        super().__init__(data, auto_id="id_cell_%s", **more)
        choices = {"type": types.items(), **values}
        for name, known in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 - narrows the type
            field.choices = [("", _("All")), *((value, label) for value, label in known if value)]
            field.error_messages["invalid_choice"] = _("No account and no cell has this. Choose one of the list.")

    @property
    def key(self) -> CellKey:
        return CellKey(**{name: self.cleaned_data[name] for name in ("type", *PARTS)})


class RemoveForm(SeenForm):
    """Takes a cell away, by its key (see `GridCell.key`)."""

    cell = forms.CharField(widget=forms.HiddenInput)

    @property
    def key(self) -> CellKey:
        return CellKey(*self.cleaned_data["cell"].split(".")[:5])


class PublishForm(forms.Form):
    """Puts a draft in force, now or at the beginning of a day in the reader's zone."""

    edits = forms.IntegerField(widget=forms.HiddenInput)
    why = forms.CharField(
        label=_("What changes, and why"),
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=500,
        error_messages={"required": _("Say what changes and why: whoever is affected will read it.")},
    )
    begins_on = forms.DateField(
        label=_("From"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Empty: at once. Else from the beginning of that day in your zone."),
        error_messages={"invalid": _("Choose a day, such as 2026-12-01, or leave it empty.")},
    )

    def __init__(self, data: Mapping[str, Any] | None = None, **more: Any) -> None:
        super().__init__(data, auto_id="id_publish_%s", **more)

    def begins(self, now: datetime) -> datetime:
        """The moment from which it is to hold."""
        day = self.cleaned_data["begins_on"]
        zone = timezone.get_current_timezone()
        if day is None or day == now.astimezone(zone).date():
            return now
        return datetime.combine(day, time(), tzinfo=zone)


class AskForm(forms.Form):
    """Who would get this? An account by name, a type, a confidence."""

    q = forms.CharField(label=_("Account"), required=False, max_length=100)
    account = forms.UUIDField(required=False, widget=forms.HiddenInput)
    type = forms.ChoiceField(label=_("Insight type"))
    confidence = forms.DecimalField(
        label=_("Confidence"),
        min_value=Decimal(0),
        max_value=Decimal(1),
        max_digits=5,
        decimal_places=4,
        error_messages={"invalid": _("Write a number from 0 to 1, such as 0.93.")},
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, types: Mapping[str, str], **more: Any) -> None:
        super().__init__(data, **more)
        field = self.fields["type"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - narrows the type
        field.choices = [(slug, label) for slug, label in types.items() if slug]
        self.fields["confidence"].widget = forms.NumberInput(attrs={"step": "0.01", "min": "0", "max": "1"})


def place_from(data: Mapping[str, Any]) -> Place:
    """The segment that a query string names; empty parts are "all"."""
    return Place(**{part: str(data.get(part, ""))[:40] for part in PARTS})
