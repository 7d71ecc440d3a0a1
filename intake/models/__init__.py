from intake.models.arrivals import (
    WATCH_THE_DATA,
    ApiToken,
    Import,
    ImportQuerySet,
    Landed,
    Record,
    RecordKey,
    RejectedRow,
    Source,
    SourceQuerySet,
)

__all__ = [
    "WATCH_THE_DATA",
    "ApiToken",
    "Import",
    "ImportQuerySet",
    "Landed",
    "Record",
    "RecordKey",
    "RejectedRow",
    "Source",
    "SourceQuerySet",
]
