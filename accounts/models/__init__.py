from accounts.models.account import Account, AccountKey, AccountPerson, Grant, StageEntry
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
    "Parked",
    "RedLineFlag",
    "Resolved",
    "StageEntry",
    "TierRevenue",
]
