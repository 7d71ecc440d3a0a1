from intake.models.arrivals import (
    WATCH_THE_DATA,
    ApiToken,
    Import,
    ImportQuerySet,
    Landed,
    Record,
    RecordKey,
    RejectedRow,
    RowName,
    RowWarning,
    Source,
    SourceMapping,
    SourceQuerySet,
)
from intake.models.federation import LookedUp, LookUp
from intake.models.health import FieldProfile, Shipment, Trouble, TroubleQuerySet
from intake.models.outward import Announcement, Delivery, DeliveryAttempt, WatchedQuerySet, Webhook
from intake.models.parallel import Compared, Held, ParallelRun, ParallelRunQuerySet
from intake.models.privacy import FieldPrivacy
from intake.models.pulls import Pull, PullRun
from intake.models.quarantine import Quarantined

__all__ = [
    "WATCH_THE_DATA",
    "Announcement",
    "ApiToken",
    "Compared",
    "Delivery",
    "DeliveryAttempt",
    "FieldPrivacy",
    "FieldProfile",
    "Held",
    "Import",
    "ImportQuerySet",
    "Landed",
    "LookUp",
    "LookedUp",
    "ParallelRun",
    "ParallelRunQuerySet",
    "Pull",
    "PullRun",
    "Quarantined",
    "Record",
    "RecordKey",
    "RejectedRow",
    "RowName",
    "RowWarning",
    "Shipment",
    "Source",
    "SourceMapping",
    "SourceQuerySet",
    "Trouble",
    "TroubleQuerySet",
    "WatchedQuerySet",
    "Webhook",
]
