"""Privacy: who is meant, why, and that it is meant."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.enums import Channel, ConsentState
from accounts.queries.people import Person

NOT_ASKED = ("", _("Not asked"))


class PersonSearchForm(forms.Form):
    """Find somebody by e-mail address or name."""

    q = forms.CharField(label=_("E-mail address or name"), max_length=254, required=False)


class ErasureForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Who asked, when, and by which way. Leave the name out: the receipt is kept."),
        error_messages={"required": _("Say who asked, when, and by which way.")},
    )  # fmt: skip


class EraseForm(forms.Form):
    """The second step: nothing that is erased can be brought back."""

    sure = forms.BooleanField(
        label=_("I have looked at what will be erased, and it cannot be brought back."),
        error_messages={"required": _("Tick this to erase.")},
    )


class ConsentForm(forms.Form):
    """What a contact said about each channel."""

    do_not_contact = forms.BooleanField(
        label=_("Asked not to be contacted"), required=False, help_text=_("Outweighs everything below.")
    )
    proof = forms.CharField(
        label=_("Proof"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("How we know: a form, a call, a letter, with its date. Kept with what you change."),
    )  # fmt: skip

    def __init__(self, data: Any = None, *, person: Person) -> None:
        super().__init__(data, initial={"do_not_contact": person.contact.do_not_contact})
        known = {channel.value: state for channel, state in person.consents.items()}
        for channel in Channel:
            self.fields[channel.value] = forms.ChoiceField(
                label=channel.label, choices=[NOT_ASKED, *ConsentState.choices], required=False,
                initial=known.get(channel.value, ""),
            )  # fmt: skip
        self.order_fields(["do_not_contact", *Channel.values, "proof"])

    def said(self) -> dict[Channel, ConsentState | None]:
        return {
            channel: ConsentState(state) if (state := self.cleaned_data[channel.value]) else None for channel in Channel
        }
