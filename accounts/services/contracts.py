"""What people say about a contract."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.enums import Forecast
from accounts.models import Contract
from core.models import User
from core.services import record_act


class ForecastChanged(Exception):
    """The forecast is no longer what the caller saw; the message says what it is."""


@transaction.atomic
def set_forecast(*, contract_id: UUID, was: Forecast, to: Forecast, by: User, now: datetime) -> Contract:
    """Say how sure the renewal is; the same forecast again changes nothing.

    `was` is what the caller saw. Raises `ForecastChanged`, and `Contract.DoesNotExist` for one they may not see.
    """
    contract = Contract.objects.visible_to(by).select_for_update(of=("self",)).get(pk=contract_id)
    if contract.forecast == to:
        return contract
    if contract.forecast != was:
        held = Forecast(contract.forecast).label
        raise ForecastChanged(_("Meanwhile it was set to “%s”. Look again, then decide.") % held)
    contract.forecast, contract.forecast_by = to, by
    contract.save(update_fields=["forecast", "forecast_by"])
    data = {"account": str(contract.account_id), "from": was.value, "to": to.value}
    record_act("forecast", contract, by=by, now=now, data=data)
    return contract
