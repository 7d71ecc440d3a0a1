"""The kinds of record this installation takes: intake knows none of them by itself."""

from __future__ import annotations

from accounts.services.kinds import KINDS as ACCOUNT_KINDS
from accounts.services.screening import stop_erased
from insights.services import KINDS as INSIGHT_KINDS
from intake.services import register, register_screen


def register_kinds() -> None:
    for kind in (*ACCOUNT_KINDS, *INSIGHT_KINDS):
        register(kind)
    register_screen(stop_erased)
