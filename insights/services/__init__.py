from insights.services.arrival import INSIGHTS, KINDS, SCORES, raise_insight
from insights.services.believing import believe_records
from insights.services.retraction import (
    AlreadyRetracted,
    NotBelievedYet,
    retract_import,
    retract_insight,
)
from insights.services.types import add_type, change_type

__all__ = [
    "INSIGHTS",
    "KINDS",
    "SCORES",
    "AlreadyRetracted",
    "NotBelievedYet",
    "add_type",
    "believe_records",
    "change_type",
    "raise_insight",
    "retract_import",
    "retract_insight",
]
