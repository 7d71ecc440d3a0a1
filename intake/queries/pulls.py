"""Scheduled fetches as other pages tell of them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from core.models import Alert, User
from core.queries import Standing
from intake.models import Pull


def tell_of_pulls(user: User, alerts: Collection[Alert], now: datetime) -> dict[UUID, Standing]:
    """How the scheduled fetch stands that each of `alerts` says has failed."""
    of = {alert.pk: alert.data.get("pull") for alert in alerts}
    found = Pull.objects.visible_to(user).filter(pk__in=[id for id in of.values() if id])
    pulls = {str(pull.pk): pull for pull in found}
    return {pk: _standing_of(pulls[id]) for pk, id in of.items() if id in pulls}


def _standing_of(pull: Pull) -> Standing:
    words = _("Now still failing") if pull.failures else _("Now it works")
    return Standing(words if pull.is_on else _("Now switched off"), reverse("pull", args=[pull.pk]))
