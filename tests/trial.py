"""A floor on which a leader has signed a hold-out."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from decisions.models import Allocation, Decision
from tests.factories import NOW, make_hold_out, make_insight, make_user
from tests.floor import Floor

EVERYBODY = {"human_share": Decimal("0.20"), "automated_share": Decimal("0.50")}
DAY = timedelta(days=1)


class Trial(Floor):
    """A floor on which a leader has signed a hold-out of churn risks."""

    def __init__(self, **terms: Any) -> None:
        super().__init__()
        self.noor = make_user("noor", role="leader")
        self.hold_out = make_hold_out(self.noor, **(EVERYBODY | terms))

    def draw(self, count: int, confidence: str = "0.93", **fields: Any) -> list[Allocation]:
        """So many new accounts with one claim each, decided at once; their arms in that order."""
        for _ in range(count):
            make_insight(self.new_account(**fields), confidence, source=self.source, scored_at=NOW)
        self.work()
        return list(Allocation.objects.order_by("stratum", "block", "slot"))

    def held(self, confidence: str = "0.93", **fields: Any) -> Allocation:
        """An account that is held out."""
        self.draw(10, confidence, **fields)
        return Allocation.objects.select_related("account").filter(held=True, released_at=None)[0]

    def again(self, arm: Allocation, confidence: str = "0.95", now: Any = NOW + DAY, **fields: Any) -> Decision:
        return self.insight(confidence, now, account=arm.account, **fields)
