"""The kinds of record this installation takes: intake knows none of them by itself."""

from __future__ import annotations

from insights.services import KINDS as INSIGHT_KINDS
from intake.services import register


def register_kinds() -> None:
    for kind in (*INSIGHT_KINDS,):
        register(kind)
