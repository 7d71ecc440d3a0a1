"""Whom a webhook tells, and of what."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from intake.enums import Happening, SourceMode
from intake.models import Source, Webhook

OFFERED = [(each.value, each.label) for each in Happening if each != Happening.TEST]


class WebhookForm(forms.Form):
    """A webhook; with `hook` it changes that one, whose source stays."""

    source = forms.ModelChoiceField(
        label=_("System"),
        queryset=Source.objects.none(),
        empty_label=_("Choose the system"),
        help_text=_("The system that is told. It is never told of what it sent us itself."),
        error_messages={"required": _("Choose the system that is told.")},
    )
    url = forms.CharField(
        label=_("Address"), max_length=2000, widget=forms.URLInput(attrs={"placeholder": "https://"}),
        help_text=_("Messages are sent there by POST, over TLS, to public addresses only."),
        error_messages={"required": _("Give the address that takes the messages.")},
    )  # fmt: skip
    happenings = forms.MultipleChoiceField(
        label=_("Tell it when"), choices=OFFERED, widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one thing that it is told of.")},
    )  # fmt: skip

    def __init__(self, data: Any = None, *, hook: Webhook | None = None) -> None:
        initial = {"url": hook.url, "happenings": hook.happenings} if hook else None
        super().__init__(data, initial=initial)
        source = self.fields["source"]
        assert isinstance(source, forms.ModelChoiceField)  # noqa: S101 - narrows the type
        source.queryset = Source.objects.filter(person=None, is_active=True, mode=SourceMode.PROPAGATE)
        if hook:
            del self.fields["source"]

    def wanted(self) -> list[Happening]:
        return [Happening(name) for name in self.cleaned_data["happenings"]]
