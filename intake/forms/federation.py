"""How a source is asked about one account."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from intake.forms.pulls import KEPT
from intake.models import LookUp
from intake.services.federating import LookUpTerms

DAY = 24 * 60


class LookUpForm(forms.Form):
    url = forms.CharField(
        label=_("Address"), max_length=2000,
        widget=forms.TextInput(attrs={"placeholder": "https://billing.example.com/customers/{external_id}"}),
        help_text=_("With {external_id} where the source's own id of the account belongs. It answers JSON."),
        error_messages={"required": _("Give the address that answers about one account.")},
    )  # fmt: skip
    fields_text = forms.CharField(
        label=_("Values"), max_length=4000, widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        help_text=_(
            "A line each: path, name, form. Such as: /plan/name plan text. Forms: text, number, date, money, yes_no. "
            "Who may see one is set under “Who may see which field”."
        ),
        error_messages={"required": _("Say which values are shown.")},
    )  # fmt: skip
    keep_minutes = forms.IntegerField(
        label=_("Ask again once the last answer is … minutes old"), min_value=1, max_value=DAY, initial=10,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )  # fmt: skip
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

    def __init__(self, data: Any = None, *, look_up: LookUp | None = None) -> None:
        names = ("url", "keep_minutes", "header_name", "is_on")
        initial = {name: getattr(look_up, name) for name in names} if look_up else {}
        super().__init__(data, initial=initial | ({"fields_text": look_up.fields} if look_up else {}))
        if look_up:
            self.fields["header_value"].help_text = KEPT

    def terms(self) -> LookUpTerms:
        data = self.cleaned_data
        return LookUpTerms(
            url=data["url"], fields=data["fields_text"], keep_minutes=data["keep_minutes"], is_on=data["is_on"],
            header_name=data["header_name"],
            header_value=data["header_value"] or (None if data["header_name"] else ""),
        )  # fmt: skip
