"""House rules about money: what other currencies are worth."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet, Subquery
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from accounts.models import Account, FxRate
from accounts.queries.money import reporting_currency
from core.enums import Role
from core.export import Column
from core.models import Organisation
from core.services import HouseRuleRefused
from cx_ops.forms.house import RateForm
from cx_ops.house.kind import RuleKind


def _touched_by_rates(now: datetime) -> Mapping[Any, str]:
    paid = dict(
        Account.objects.filter(archived_at=None, arr_amount__isnull=False)
        .order_by().values_list("arr_currency").annotate(Count("pk"))
    )  # fmt: skip
    return {
        pk: ngettext("%(n)d account pays in it", "%(n)d accounts pay in it", paid.get(currency, 0))
        % {"n": paid.get(currency, 0)}
        for pk, currency in FxRate.objects.values_list("pk", "currency")
    }


def _check_rate(row: FxRate, now: datetime) -> None:
    if row.currency == (own := reporting_currency()):
        words = gettext_lazy("%(currency)s is the organisation's own currency: it is always worth 1.")
        raise HouseRuleRefused(words % {"currency": own}, "currency")


def _rates() -> QuerySet[Any]:
    """The newest of each currency, with the `own` currency that it is told in."""
    own = Organisation.objects.values("reporting_currency")[:1]
    return FxRate.objects.order_by("currency", "-on_day").distinct("currency").annotate(own=Subquery(own))


def _worth(row: Any) -> str:
    return f"{formats.number_format(row.rate.normalize(), use_l10n=True)} {row.own}"


EXCHANGE_RATES = RuleKind(
    slug="exchange-rates",
    title=gettext_lazy("Exchange rates"),
    text=gettext_lazy(
        "What one unit of another currency is worth in the organisation's own, from a day until the next rate. Revenue "
        "in a currency without a rate counts as unknown, not as zero. The newest rate of each is shown."
    ),
    one=gettext_lazy("rate"),
    counted=ngettext_lazy("%(n)d currency", "%(n)d currencies", "n"),
    rows=_rates,
    form=RateForm,
    fixed=("currency", "on_day"),
    fields=("rate",),
    columns=(
        Column(gettext_lazy("Currency"), lambda row: row.currency),
        Column(gettext_lazy("From"), lambda row: formats.date_format(row.on_day, "j M Y")),
        Column(gettext_lazy("One unit is worth"), _worth),
    ),
    called=lambda row: (
        _("%(currency)s from %(day)s") % {"currency": row.currency, "day": formats.date_format(row.on_day, "j M Y")}
    ),
    touches=_touched_by_rates,
    later=gettext_lazy("Sums that are shown follow it at once; tasks that are open keep the worth they were given."),
    check=_check_rate,
    editors=(Role.MANAGER, Role.OPS),
)
