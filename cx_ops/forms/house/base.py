"""What the forms of all house rules share."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _


class RuleForm(forms.ModelForm[Any]):
    """A row: what it has for ever is asked only of a new one."""

    fixed: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_new = kwargs.get("instance") is None
        self.twin: Any = None  # the row that is there already of what somebody would add
        if not self.is_new:
            for name in self.fixed:
                self.fields.pop(name, None)

    def values(self) -> dict[str, Any]:
        """The columns and what they are to hold, of a valid form."""
        return {name: self.cleaned_data[name] for name in self._meta.fields or () if name in self.cleaned_data}


def in_short(number: Decimal) -> str:
    """Without noughts at its end, as somebody would write it."""
    return f"{number.normalize():f}"


def currency(label: Any, help_text: Any, initial: str = "") -> forms.RegexField:
    return forms.RegexField(
        r"^[A-Z]{3}$", label=label, help_text=help_text, initial=initial, max_length=3,
        error_messages={"invalid": _("A currency is three capital letters, such as EUR.")},
    )  # fmt: skip
