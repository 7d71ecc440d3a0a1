"""What is settled about a pull."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from intake.enums import PullFormat
from intake.models import Pull
from intake.services.kinds import file_kinds, find
from intake.services.pulls import PullTerms

KEPT = _("Such as Bearer …; it is never shown again. Empty: the one that is kept.")
HOURS_A_MONTH = 24 * 31


class PullForm(forms.Form):
    """A pull; with `pull` it changes that one, whose kind stays."""

    kind = forms.ChoiceField(label=_("What its rows are"), error_messages={"required": _("Choose what its rows are.")})
    url = forms.CharField(
        label=_("Address"), max_length=2000, widget=forms.URLInput(attrs={"placeholder": "https://"}),
        help_text=_("Read over TLS, from public addresses only."),
        error_messages={"required": _("Give the address of the file.")},
    )  # fmt: skip
    format = forms.ChoiceField(label=_("Format"), choices=PullFormat.choices)
    list_at = forms.CharField(
        label=_("Where the list is, in JSON"), max_length=200, required=False,
        help_text=_("The path to the list of objects, such as /data/items. Empty: the whole file is the list."),
    )  # fmt: skip
    every_hours = forms.IntegerField(
        label=_("Every … hours"), required=False, min_value=1, max_value=HOURS_A_MONTH,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}), help_text=_("Or give a time of the day below."),
    )  # fmt: skip
    at_time = forms.TimeField(
        label=_("Daily at"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    timezone = forms.ChoiceField(
        label=_("In the zone"), choices=[(zone, zone.replace("_", " ")) for zone in sorted(available_timezones())]
    )
    header_name = forms.CharField(
        label=_("Name of the header with its key"), max_length=100, required=False,
        help_text=_("Only where the address asks for a key, such as Authorization."),
    )  # fmt: skip
    header_value = forms.CharField(
        label=_("Value of that header"), max_length=4000, required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Such as Bearer …; it is never shown again."),
    )  # fmt: skip
    is_on = forms.BooleanField(label=_("Switched on"), required=False, initial=True)

    def __init__(self, data: Any = None, *, pull: Pull | None = None, zone: str = "UTC") -> None:
        names = ("url", "format", "list_at", "every_hours", "at_time", "timezone", "header_name", "is_on")
        initial = {name: getattr(pull, name) for name in names} if pull else {"timezone": zone, "every_hours": 24}
        super().__init__(data, initial=initial)
        kind = self.fields["kind"]
        assert isinstance(kind, forms.ChoiceField)  # noqa: S101 - narrows the type
        kind.choices = [("", _("Choose what its rows are")), *((name, find(name).label) for name in file_kinds())]
        if pull:
            del self.fields["kind"]
            self.fields["header_value"].help_text = KEPT
        else:
            del self.fields["is_on"]

    def terms(self) -> PullTerms:
        """What was settled; of a valid form. Without a header there is no value either."""
        data = self.cleaned_data
        return PullTerms(
            url=data["url"], format=PullFormat(data["format"]), list_at=data["list_at"],
            every_hours=data["every_hours"], at_time=data["at_time"], timezone=data["timezone"],
            header_name=data["header_name"],
            header_value=data["header_value"] or (None if data["header_name"] else ""),
        )  # fmt: skip
