"""What the intake room knows without a database."""

from intake.rules.kinds import (
    BELIEVED,
    ERASED,
    UPSERTED,
    Apply,
    Arrival,
    FieldChange,
    Kind,
    Preset,
    Problem,
    Result,
    Told,
    Undo,
    Undone,
)
from intake.rules.outward import News

__all__ = [
    "BELIEVED",
    "ERASED",
    "UPSERTED",
    "Apply",
    "Arrival",
    "FieldChange",
    "Kind",
    "News",
    "Preset",
    "Problem",
    "Result",
    "Told",
    "Undo",
    "Undone",
]
