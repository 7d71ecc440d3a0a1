from decisions.models.decision import Decided, Decision, Item, Stream
from decisions.models.policy import (
    AuthorityBand,
    AuthorityPolicy,
    CoolDown,
    KillSwitch,
    OwnershipCell,
    OwnershipPolicy,
)

__all__ = [
    "AuthorityBand",
    "AuthorityPolicy",
    "CoolDown",
    "Decided",
    "Decision",
    "Item",
    "KillSwitch",
    "OwnershipCell",
    "OwnershipPolicy",
    "Stream",
]
