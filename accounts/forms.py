"""What people write down about an account."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.enums import ActivityKind
from accounts.models import Account, Contact

TOUCH_KINDS = (ActivityKind.NOTE, ActivityKind.CALL, ActivityKind.MEETING)


class TouchForm(forms.Form):
    """A note, call or meeting, in ten seconds."""

    kind = forms.ChoiceField(
        label=_("Kind"), choices=[(kind.value, kind.label) for kind in TOUCH_KINDS], initial=ActivityKind.NOTE
    )
    summary = forms.CharField(
        label=_("In a few words"), max_length=300,
        widget=forms.TextInput(attrs={"autocomplete": "off", "data-key": "n", "data-key-label": _("Log a touch")}),
        error_messages={"required": _("Say in a few words what it was about.")},
    )  # fmt: skip
    contact = forms.ModelChoiceField(
        label=_("With"), queryset=Contact.objects.none(), required=False, empty_label=_("Nobody in particular")
    )
    body = forms.CharField(
        label=_("Details"), required=False, max_length=8000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["contact"]
        assert isinstance(choice, forms.ModelChoiceField)
        choice.queryset = Contact.objects.filter(account=account, left_on=None)
