"""What the intake room knows without a database."""

from intake.rules.kinds import (
    ABOUT_ACCOUNTS,
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
    State,
    Stated,
    Told,
    Undo,
    Undone,
    Unheard,
)
from intake.rules.outward import News

__all__ = [
    "ABOUT_ACCOUNTS",
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
    "State",
    "Stated",
    "Told",
    "Undo",
    "Undone",
    "Unheard",
]
