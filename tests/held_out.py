"""A decision that is held out, and its release."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from core.bulk import execute
from core.models import User
from decisions.models import Allocation, Decision, HoldOut
from tests.factories import NOW


def begin(by: User) -> HoldOut:
    """A hold-out of churn risks that runs."""
    known = {"human_share": Decimal("0.10"), "automated_share": Decimal("0.30"), "salt": "salt", "why": "Does it help?"}
    begins, ends = NOW - timedelta(days=1), NOW + timedelta(days=90)
    return HoldOut.objects.create(
        type_id="churn_risk", signed_by=by, signed_at=begins, begins_at=begins, ends_at=ends, **known
    )


def hold_out(decision: Decision, by: User) -> Allocation:
    """As if `decision` had been held out: it has opened nothing, and its account is in a hold-out that runs."""
    made = Allocation.objects.create(
        hold_out=HoldOut.objects.filter(type=decision.type_id, ended_at=None).first() or begin(by),
        account_id=decision.account_id,
        type_id=decision.type_id,
        insight_id=decision.pk,
        held=True,
        chance=Decimal("0.10"),
        stratum="human/none/unknown",
        block=Allocation.objects.count() + 1,
        slot=0,
        allotted_at=NOW,
    )
    execute("SET LOCAL cx_ops.may_rewrite = 'yes'")
    Decision.objects.filter(pk=decision.pk).update(suppressed_by="hold_out", item=None)
    return made


def release(held: Allocation) -> None:
    Allocation.objects.filter(pk=held.pk).update(released_at=NOW, released_why="stopped")
