"""Forms that need more than one room."""

from __future__ import annotations

from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from insights.models import InsightType

SURE = (("0.55", _("A hunch")), ("0.75", _("Fairly sure")), ("0.95", _("Certain")))


class RaiseForm(forms.Form):
    """An insight by a person: it goes through the same door, and is measured like any other."""

    type = forms.ModelChoiceField(
        label=_("What do you think will happen?"), queryset=InsightType.objects.filter(is_active=True), empty_label=None
    )
    confidence = forms.TypedChoiceField(label=_("How sure are you?"), choices=SURE, coerce=Decimal, initial="0.75")
    words = forms.CharField(
        label=_("What did you see or hear?"), max_length=240, widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say in a sentence what you saw or heard.")},
    )  # fmt: skip
