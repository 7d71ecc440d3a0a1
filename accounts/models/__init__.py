from accounts.models.account import Account, AccountKey, AccountPerson, Grant, OfAccountQuerySet, StageEntry, seen_by
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
from accounts.models.event import Awaited, Event, EventKey, Visitor
from accounts.models.identity import FieldPolicy, Link, MatchingMode, Merge, Pair, Prior
from accounts.models.privacy import Consent, ErasedKey, Erasure
from accounts.models.segment import Segment, SegmentMember
from accounts.models.work import Parked, Released, Resolved

__all__ = [
    "Account",
    "AccountKey",
    "AccountPerson",
    "Activity",
    "Awaited",
    "Consent",
    "Contact",
    "Contract",
    "ErasedKey",
    "Erasure",
    "Event",
    "EventKey",
    "FieldPolicy",
    "FieldValue",
    "FxRate",
    "Grant",
    "LedgerEntry",
    "Link",
    "MatchingMode",
    "Merge",
    "OfAccountQuerySet",
    "Pair",
    "Parked",
    "Prior",
    "RedLineFlag",
    "Released",
    "Resolved",
    "Segment",
    "SegmentMember",
    "StageEntry",
    "TierRevenue",
    "Visitor",
    "seen_by",
]
