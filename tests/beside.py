"""A feed beside another, as tests make one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from accounts.models import FieldPolicy
from accounts.services.kinds import ACCOUNTS
from accounts.services.switching import Switched, switch_over
from core.models import User
from intake.models import ParallelRun
from intake.rules import Kind, Result
from tests.factories import NOW
from tests.integration.test_accounts_bulk import send

LATER = NOW + timedelta(hours=1)


def customer(letter: str, number: int, **fields: Any) -> dict[str, Any]:
    known = {"external_id": f"{letter}{number}", "name": f"Fictional Firm {number}", "domain": f"firm{number}.example"}
    return known | {"tier": "gold", "region": "emea"} | fields


def bring(
    run: ParallelRun, *items: dict[str, Any], kind: Kind = ACCOUNTS, now: datetime = LATER, **terms: Any
) -> list[Result]:
    return send(kind, run.new, *items, now=now, **terms)


def switched(run: ParallelRun, by: User, now: datetime = LATER, **terms: Any) -> Switched:
    newest = FieldPolicy.objects.order_by("-version").values_list("version", flat=True).first()
    return switch_over(run_id=run.pk, by=by, now=now, **{"seen": newest or 0} | terms)
