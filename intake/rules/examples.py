"""One row as an example of a kind: what its columns look like when they are filled in. Fictional, and pure."""

from __future__ import annotations

from intake.rules.kinds import Kind
from intake.rules.sorts import Sort, sort_of

OF_SORT = {
    Sort.DATE: "2026-11-22", Sort.MOMENT: "2026-11-22T06:00:00Z", Sort.NUMBER: "1250.00", Sort.WHOLE: "1",
    Sort.TRUTH: "no",
}  # fmt: skip
# By the last part of the field, where its sort does not say enough.
OF_FIELD = {
    "external_id": "EXAMPLE-1", "name": "Example Ltd", "domain": "example.com", "currency": "EUR", "tier": "strategic",
    "segment": "retail", "region": "Norway", "stage": "customer", "subject": "How do I add a colleague?",
    "summary": "Talked about next year", "survey": "nps", "score": "9", "lowest": "0", "highest": "10",
    "confidence": "0.93", "probability": "0.41", "horizon_days": "90", "model": "house", "model_version": "1",
    "reason": "usage_drop", "factors": "logins a week: 3; no admin is active",
    "talking_points": "Ask about the hand-over; offer a training", "starts_on": "2026-01-01", "ends_on": "2026-12-31",
    "properties": '{"seats": 5}', "value": "1", "customer_since": "2024-01-15", "renews_on": "2027-06-30",
}  # fmt: skip
# Fields that most files do not have, or that name what is there already.
LEFT_BLANK = ("source", "parent", "ended_early_on", "left_on", "amounts", "people", "csm", "contact", "by")


def example_of(kind: Kind) -> list[str]:
    """The cells of an example, in the order of the kind's columns; the account is named in one way only."""
    return [_cell(kind, field) for field in kind.first]


def _cell(kind: Kind, field: str) -> str:
    head, _, leaf = field.rpartition(".")
    if {head, leaf} & {*LEFT_BLANK} or (leaf == "domain" and head):
        return ""
    if kind.has_options(field):
        return next(iter(kind.options(field)), "")
    return OF_FIELD.get(leaf) or OF_SORT.get(sort_of(kind.struct, field), "")
