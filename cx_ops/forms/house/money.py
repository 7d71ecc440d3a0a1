"""What other currencies are worth."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import FxRate
from cx_ops.forms.house.base import RuleForm, currency, in_short


class RateForm(RuleForm):
    """What one unit of a currency is worth from a day on."""

    fixed = ("currency", "on_day")
    currency = currency(_("Currency"), _("Three capital letters, such as EUR."))
    on_day = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    rate = forms.DecimalField(
        label=_("One unit is worth"), max_digits=16, decimal_places=8, min_value=Decimal("0.00000001"),
        error_messages={"min_value": _("Write a number above 0.")},
        help_text=_("In the organisation's currency: where that is USD and a euro costs 1.10 dollars, write 1.10."),
    )  # fmt: skip

    class Meta:
        model = FxRate
        fields = ("currency", "on_day", "rate")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_new:
            self.fields["rate"].help_text = _("Corrects the rate from that day. A newer rate is added, not typed over.")
            self.initial["rate"] = in_short(self.initial["rate"])

    def clean_rate(self) -> Decimal:
        """As it is kept, so that what was not changed is the same."""
        rate: Decimal = self.cleaned_data["rate"]
        return rate.quantize(Decimal("0.00000001"))
