"""Forms about people."""

from __future__ import annotations

from typing import ClassVar
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from core.models import User

THEMES = (("auto", _("As the device")), ("light", _("Light")), ("dark", _("Dark")))


class PreferencesForm(forms.ModelForm[User]):
    """What somebody may set about themselves."""

    theme = forms.ChoiceField(label=_("Theme"), choices=THEMES)

    class Meta:
        model = User
        fields: ClassVar[list[str]] = ["timezone", "theme", "single_keys"]
        labels: ClassVar[dict[str, object]] = {
            "timezone": _("Time zone"),
            "single_keys": _("Single-key shortcuts"),
        }
        help_texts: ClassVar[dict[str, object]] = {
            "timezone": _("Times and snoozes are in this zone. An IANA name, such as Europe/Lisbon."),
            "single_keys": _("Such as E to close a task. Switch off if they get in the way of a screen reader."),
        }

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["timezone"].widget = forms.TextInput(attrs={"list": "zones", "autocomplete": "off"})

    def clean_timezone(self) -> str:
        zone = str(self.cleaned_data["timezone"])
        if zone not in available_timezones():
            raise forms.ValidationError(_("This is not a time zone. Write it like Europe/Lisbon."))
        return zone
