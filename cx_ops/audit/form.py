"""What is looked for in the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from core.models import User
from cx_ops.audit.trail import Wanted

Choices = Sequence[tuple[str, Any]]


class AuditForm(forms.Form):
    """Everything may stay empty. `account` is a name or an id."""

    who = forms.ChoiceField(label=_("Who"), required=False)
    kind = forms.ChoiceField(label=_("What"), required=False)
    account = forms.CharField(
        label=_("Account"), required=False, max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": _("Name")}),
    )  # fmt: skip
    first_day = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    last_day = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, people: Choices, kinds: Choices, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.found: Account | None = None
        who, kind = self.fields["who"], self.fields["kind"]
        assert isinstance(who, forms.ChoiceField)  # noqa: S101 - narrows the type
        assert isinstance(kind, forms.ChoiceField)  # noqa: S101 - narrows the type
        who.choices = [("", _("Everybody")), ("system", _("The system itself")), *people]
        kind.choices = [("", _("Everything")), *kinds]

    def clean_account(self) -> str:
        text = str(self.cleaned_data["account"]).strip()
        if text:
            accounts = Account.objects.visible_to(self.user)
            pk = _id(text)
            self.found = accounts.filter(pk=pk).first() if pk else None
            self.found = self.found or accounts.filter(name__iexact=text).first()
            self.found = self.found or accounts.filter(name__istartswith=text).order_by("name").first()
            if self.found is None:
                raise forms.ValidationError(_("No account that you may see has this name."))
        return text

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("first_day") and data.get("last_day") and data["first_day"] > data["last_day"]:
            self.add_error("last_day", _("The last day cannot be before the first."))
        return data

    def wanted(self) -> Wanted:
        """What was asked for, of a valid form."""
        data = self.cleaned_data
        account = self.found.pk if self.found else None
        return Wanted(data["who"], data["kind"], account, data["first_day"], data["last_day"])


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
