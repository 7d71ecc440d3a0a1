from insights.services.arrival import INSIGHTS, KINDS, SCORES, raise_insight
from insights.services.believing import believe_records
from insights.services.retraction import (
    AlreadyRetracted,
    NotBelievedYet,
    retract_import,
    retract_insight,
)

__all__ = [
    "INSIGHTS",
    "KINDS",
    "SCORES",
    "AlreadyRetracted",
    "NotBelievedYet",
    "believe_records",
    "raise_insight",
    "retract_import",
    "retract_insight",
]
