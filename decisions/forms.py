"""Forms of the policy screens. What may not be published is refused by the services, in the same words everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.enums import AccountRole
from decisions.enums import Response, SwitchScope
from decisions.services import BandChange, CellKey, PolicyRefused, Seen, check_bands

PARTS = ("tier", "region", "stage", "segment")


def choice_of(form: forms.Form, name: str) -> forms.ChoiceField:
    """A field of `form` that is a choice, to be given its choices."""
    return cast("forms.ChoiceField", form.fields[name])


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
            field = choice_of(self, name)
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
        choice_of(self, "type").choices = [(slug, label) for slug, label in types.items() if slug]
        self.fields["confidence"].widget = forms.NumberInput(attrs={"step": "0.01", "min": "0", "max": "1"})


def _bound(label: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        required=False,
        min_value=Decimal(0),
        max_value=Decimal("0.9999"),
        max_digits=5,
        decimal_places=4,
        widget=forms.NumberInput(attrs={"step": "0.01", "min": "0", "max": "0.99"}),
        error_messages={
            "invalid": _("Write a number from 0 to 1, such as 0.85."),
            "max_value": _("A band must begin below 1, or it would hold nothing."),
        },
    )


class BandsForm(SeenForm):
    """The bands of one type and tier by where each begins; an empty one is left out, the rest is recorded only."""

    type = forms.SlugField(required=False, widget=forms.HiddenInput)
    tier = forms.SlugField(required=False, widget=forms.HiddenInput)
    human = _bound(Response.HUMAN.label)
    automated = _bound(Response.AUTOMATED.label)
    monitor = _bound(Response.MONITOR.label)
    playbook_human = forms.ChoiceField(label=_("Playbook that the human follows"), required=False)
    playbook_automated = forms.ChoiceField(label=_("Playbook that begins by itself"), required=False)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        types: Iterable[str],
        tiers: Iterable[str],
        playbooks: Mapping[str, str],
        **more: Any,
    ) -> None:
        super().__init__(data, auto_id="id_bands_%s", **more)
        self.types, self.tiers = set(types), {"", *tiers}
        for name, none in (("playbook_human", _("None")), ("playbook_automated", _("None: a human instead"))):
            choice_of(self, name).choices = [("", none), *playbooks.items()]

    def clean_type(self) -> str:
        if (type := str(self.cleaned_data["type"])) not in self.types:
            raise forms.ValidationError(_("There is no such insight type. Choose one of the list."))
        return type

    def clean_tier(self) -> str:
        if (tier := str(self.cleaned_data["tier"])) not in self.tiers:
            raise forms.ValidationError(_("No account has this tier. Choose one of the list."))
        return tier

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors:
            try:
                check_bands(self.bands)
            except PolicyRefused as refused:
                raise forms.ValidationError(str(refused)) from None
        return data

    @property
    def bands(self) -> list[BandChange]:
        """The bands that the numbers ask for; 0 is where the lowest begins."""
        data = self.cleaned_data
        asked = [
            (data["human"], Response.HUMAN, data["playbook_human"]),
            (data["automated"], Response.AUTOMATED, data["playbook_automated"]),
            (data["monitor"], Response.MONITOR, ""),
        ]
        given = [BandChange(*band) for band in asked if band[0] is not None]
        rest = [] if any(band.lower == 0 for band in given) else [BandChange(Decimal(0), Response.RECORD, "")]
        return given + rest


class SetForm(SeenForm):
    """Names a set of bands, to take it away."""

    type = forms.SlugField(required=False, widget=forms.HiddenInput)
    tier = forms.SlugField(required=False, widget=forms.HiddenInput)


class CalmForm(SeenForm):
    """What it takes to leave a band."""

    margin = forms.DecimalField(
        label=_("Margin below the edge"), min_value=Decimal(0), max_value=Decimal("0.5"), decimal_places=3
    )
    dwell_hours = forms.IntegerField(label=_("Hours in the band"), min_value=0, max_value=24 * 30)
    lower_scores = forms.IntegerField(label=_("Lower scores in a row"), min_value=1, max_value=20)

    def __init__(self, data: Mapping[str, Any] | None = None, **more: Any) -> None:
        super().__init__(data, auto_id="id_calm_%s", **more)


class TryForm(forms.Form):
    """Try a number: which band, and what would happen."""

    type = forms.ChoiceField(label=_("Insight type"), required=False)
    tier = forms.ChoiceField(label=_("Tier"), required=False)
    confidence = forms.DecimalField(
        label=_("Confidence"),
        min_value=Decimal(0),
        max_value=Decimal(1),
        max_digits=20,
        decimal_places=19,
        widget=forms.NumberInput(attrs={"step": "0.01", "min": "0", "max": "1"}),
        error_messages={"invalid": _("Write a number from 0 to 1, such as 0.93.")},
    )

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, types: Mapping[str, str], tiers: Mapping[str, str], **more: Any
    ) -> None:
        super().__init__(data, auto_id="id_try_%s", **more)
        for name, choices in (("type", types), ("tier", {"": _("All tiers"), **tiers})):
            choice_of(self, name).choices = list(choices.items())


class SwitchForm(forms.Form):
    """Switch automation off, or on again, in a scope."""

    what = forms.ChoiceField(label=_("What"))
    off = forms.TypedChoiceField(choices=[("1", ""), ("0", "")], coerce=lambda value: value == "1")
    why = forms.CharField(label=_("Why"), required=False, max_length=500)

    def __init__(self, data: Mapping[str, Any] | None = None, *, choices: Any, **more: Any) -> None:
        super().__init__(data, auto_id="id_switch_%s", **more)
        field = choice_of(self, "what")
        field.choices = choices
        field.error_messages["invalid_choice"] = _("There is no such thing to switch. Choose one of the list.")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("off") and not (data.get("why") or "").strip():
            self.add_error("why", _("Say why automation is switched off: whoever misses it will read it here."))
        return data

    @property
    def scope(self) -> SwitchScope:
        return SwitchScope(self.cleaned_data["what"].partition(":")[0])

    @property
    def value(self) -> str:
        return str(self.cleaned_data["what"].partition(":")[2])


class HoldOutForm(forms.Form):
    """What a leader signs; `seen` are the terms whose preview they have looked at."""

    type = forms.ChoiceField(label=_("Insight type"))
    human = forms.IntegerField(
        label=_("Of what a person would act on (%)"), min_value=0, max_value=20, initial=10,
        help_text=_("At most 20. With 0 nothing of it is held out."),
    )  # fmt: skip
    automated = forms.IntegerField(
        label=_("Of what is automated (%)"), min_value=0, max_value=50, initial=30,
        help_text=_("At most 50. With 0 nothing of it is held out."),
    )  # fmt: skip
    last_day = forms.DateField(
        label=_("Last day"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Then everybody is released. A claim “within 45 days” takes 45 days to come true, or not."),
        error_messages={"invalid": _("Choose a day, such as 2027-03-01.")},
    )
    spared = forms.MultipleChoiceField(
        label=_("Tiers to leave out"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("Strategic accounts are always left out."),
    )  # fmt: skip
    why = forms.CharField(
        label=_("What you want to find out"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )
    signed = forms.BooleanField(
        label=_("I sign for it: nobody acts on what is claimed of these accounts until its last day."), required=False
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        types: Iterable[tuple[str, str]],
        tiers: Iterable[tuple[str, str]],
        **more: Any,
    ) -> None:
        super().__init__(data, **more)
        choice_of(self, "type").choices = list(types)
        choice_of(self, "spared").choices = list(tiers)

    @property
    def shares(self) -> tuple[Decimal, Decimal]:
        return Decimal(self.cleaned_data["human"]) / 100, Decimal(self.cleaned_data["automated"]) / 100

    @property
    def terms(self) -> str:
        """What is signed, in one line, to see whether it is what was previewed."""
        data = self.cleaned_data
        parts = (data["type"], data["human"], data["automated"], data["last_day"], *sorted(data["spared"]))
        return " ".join(map(str, parts))

    @property
    def ends_at(self) -> datetime:
        """The end of its last day in the reader's zone."""
        after = self.cleaned_data["last_day"] + timedelta(days=1)
        return datetime.combine(after, time(), tzinfo=timezone.get_current_timezone())
