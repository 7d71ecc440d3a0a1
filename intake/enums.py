from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ScoreMeaning(TextChoices):
    """What a source's number says: how sure it is of the insight, or how likely the event is."""

    CONFIDENCE = "confidence", _("Confidence that the insight is right")
    PROBABILITY = "probability", _("Probability of the event if nobody acts")


class SourceMode(TextChoices):
    CONSOLIDATE = "consolidate", _("Copied in")
    PROPAGATE = "propagate", _("Told by webhook")
    FEDERATE = "federate", _("Looked up live")


class Scope(TextChoices):
    """What an API token may do; which kinds each lets in, the kinds say (`services.kinds.scope_choices`)."""

    INSIGHTS_WRITE = "insights:write", _("Send insights (scores)")
    ACCOUNTS_WRITE = "accounts:write", _("Make tasks; send accounts and all about them")
    EVENTS_WRITE = "events:write", _("Send events")
    READ = "read", _("Read everything that the API shows, of all sources")


class ImportStatus(TextChoices):
    DRAFT = "draft", _("To be confirmed")
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    STOPPED = "stopped", _("Stopped")
    UNDOING = "undoing", _("Being undone")
    UNDONE = "undone", _("Undone")


class Landing(TextChoices):
    """What became of one record that arrived (API.md, result per item)."""

    ACCEPTED = "accepted", _("Accepted")
    CREATED = "created", _("Created")
    UPDATED = "updated", _("Updated")
    UNCHANGED = "unchanged", _("Unchanged")
    DUPLICATE = "duplicate", _("Duplicate")
    PARKED = "parked", _("Waiting for their account")
    REJECTED = "rejected", _("Not taken")


class Problem(TextChoices):
    """What may be wrong with a feed. One of each is open per source."""

    ARRIVAL = "arrival", _("Late or silent")
    VOLUME = "volume", _("Shrunken")
    SHAPE = "shape", _("Other columns")
    DRIFT = "drift", _("Other values")
    REFUSED = "refused", _("Rows not taken")


class PrivacyClass(TextChoices):
    """How far a field may be shown: a row per field that is not internal."""

    PUBLIC = "public", _("Public: everybody may see it, and it may leave")
    INTERNAL = "internal", _("Internal: everybody who sees the account sees it")
    RESTRICTED = "restricted", _("Restricted: only these roles may see it, and it never leaves")


class Happening(TextChoices):
    """What a webhook can be told of; the list is closed, since each name is part of the public contract."""

    ACCOUNT_CREATED = "account.created", _("An account was made")
    ACCOUNT_UPDATED = "account.updated", _("An account was changed")
    INSIGHT_ACCEPTED = "insight.accepted", _("An insight was accepted")
    INSIGHT_RETRACTED = "insight.retracted", _("An insight was taken back")
    DECISION_MADE = "decision.made", _("A decision was made")
    OUTCOME_RECORDED = "outcome.recorded", _("An outcome was recorded")
    TEST = "test", _("Somebody pressed “Send a test”")


class DeliveryStatus(TextChoices):
    DUE = "due", _("On its way")
    SENT = "sent", _("Taken")
    DEAD = "dead", _("Given up")


class PullFormat(TextChoices):
    CSV = "csv", _("CSV, or a workbook")
    JSON = "json", _("JSON")


class PullOutcome(TextChoices):
    """What a pull came to."""

    IMPORTED = "imported", _("Taken")
    UNCHANGED = "unchanged", _("Nothing new")
    FAILED = "failed", _("Failed")


class ValueFormat(TextChoices):
    """How a value that was looked up is shown."""

    TEXT = "text", _("Text")
    NUMBER = "number", _("Number")
    DATE = "date", _("Date")
    MONEY = "money", _("Money")
    YES_NO = "yes_no", _("Yes or no")


class RunStatus(TextChoices):
    """How a parallel run of a source stands."""

    RUNNING = "running", _("Running beside")
    SWITCHED = "switched", _("Switched over")
    STOPPED = "stopped", _("Stopped")
