from accounts.models.account import Account, AccountKey, AccountPerson, Grant, OfAccountQuerySet, StageEntry
from accounts.models.customer import (
    Activity,
    Contact,
    Contract,
    FieldValue,
    FxRate,
    LedgerEntry,
    RedLineFlag,
    TierRevenue,
)
from accounts.models.segment import Segment, SegmentMember
from accounts.models.work import Parked, Resolved

__all__ = [
    "Account",
    "AccountKey",
    "AccountPerson",
    "Activity",
    "Contact",
    "Contract",
    "FieldValue",
    "FxRate",
    "Grant",
    "LedgerEntry",
    "OfAccountQuerySet",
    "Parked",
    "RedLineFlag",
    "Resolved",
    "Segment",
    "SegmentMember",
    "StageEntry",
    "TierRevenue",
]
