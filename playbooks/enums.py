from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class TaskStatus(TextChoices):
    OPEN = "open", _("Open")
    CLAIMED = "claimed", _("Claimed")
    SNOOZED = "snoozed", _("Snoozed")
    WAITING = "waiting", _("Waiting on the customer")
    CLOSED = "closed", _("Closed")
    MERGED = "merged", _("Merged")
    EXPIRED = "expired", _("Expired")


ACTIVE = (TaskStatus.OPEN, TaskStatus.CLAIMED, TaskStatus.SNOOZED, TaskStatus.WAITING)


class Lane(TextChoices):
    """Where a task stands in its owner's queue."""

    NOW = "now", _("Now")
    TODAY = "today", _("Today")
    LATER = "later", _("Later")
    WAITING = "waiting", _("Waiting")


class StepKind(TextChoices):
    TASK = "task", _("Task for a person")
    EMAIL = "email", _("Internal e-mail")
    WAIT = "wait", _("Wait")


class RunStatus(TextChoices):
    LIVE = "live", _("Running")
    DONE = "done", _("Finished")
    STOPPED = "stopped", _("Stopped")


class RunStepStatus(TextChoices):
    DUE = "due", _("Due")
    OPEN = "open", _("With a person")
    DONE = "done", _("Done")
    SKIPPED = "skipped", _("Skipped")


class EffectStatus(TextChoices):
    """An effect of a replayed day is recorded and never sent."""

    DUE = "due", _("To be sent")
    SENT = "sent", _("Sent")
    RECORDED = "recorded", _("Recorded, not sent")
    CANCELLED = "cancelled", _("Cancelled")
    DEAD = "dead", _("Given up")


class Held(TextChoices):
    """What may be somebody's, as a hand-over groups it."""

    TASKS = "tasks", _("Open tasks")
    RUNS = "runs", _("Automated playbooks under way")
    ROLES = "roles", _("Roles on accounts")
    WATCHES = "watches", _("Watch list")
    OWNED = "owned", _("Playbooks, sources and teams")


class TakesAs(TextChoices):
    """Why somebody is the one who takes over."""

    CHOSEN = "chosen", _("Chosen")
    CSM = "csm", _("Customer success manager of the account")
    POOL = "pool", _("Pool of the account’s team")
    LEAD = "lead", _("Lead of the team")
    CATCH_ALL = "catch_all", _("Catch-all")
    SOURCE = "source", _("Looks after the source")


class AutomationClass(TextChoices):
    """What a step may do by itself, lowest first."""

    SUGGEST = "suggest", _("Suggest")
    ASSIGN = "assign", _("Assign")
    NOTIFY = "notify", _("Notify inside")
    CONTACT = "contact", _("Contact a customer or make an offer")
