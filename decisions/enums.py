from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

# Before the slug of a saved segment, where a cell of the matrix names one in the place of an account's own segment.
SAVED = "saved:"


class Response(TextChoices):
    """How far an insight may go, lowest first: the order of the members is the order of the responses."""

    RECORD = "record", _("Recorded only")
    MONITOR = "monitor", _("Monitoring")
    AUTOMATED = "automated", _("Automated workflow")
    HUMAN = "human", _("Human action")

    # An enumeration's own is written in Python; rules look responses up for every insight.
    __hash__ = str.__hash__


class Suppression(TextChoices):
    """Why a decision opened nothing new."""

    STALE = "stale", _("Older than what was already decided, or its horizon has ended")
    DWELL = "dwell", _("Lower than before, but not often or long enough yet")
    OPEN_ITEM = "open_item", _("Added as evidence to what was open already")
    COOL_DOWN = "cool_down", _("The same was closed before, and its cool-down holds")
    HOLD_OUT = "hold_out", _("In the control group")
    KILL_SWITCH = "kill_switch", _("Automation is switched off")


class Release(TextChoices):
    """Why an account is held out no longer."""

    RED_LINE = "red_line", _("A red line")
    PERSON = "person", _("A person’s own concern")
    STOPPED = "stopped", _("The hold-out was stopped")
    ENDED = "ended", _("The hold-out ended")
    NOT_ELIGIBLE = "not_eligible", _("May not be held out any more")
    RISEN = "risen", _("Risen to what a person acts on")


class Exclusion(TextChoices):
    """Why an account is never held out (ADR 0024)."""

    RED_LINE = "red_line", _("A red line")
    ESCALATION = "escalation", _("An escalation is open")
    STRATEGIC = "strategic", _("Strategic account, or of a tier that was left out")
    ONBOARDING = "onboarding", _("Still being onboarded")
    NOTICE = "notice", _("Notice date within 120 days")
    OPEN_ITEM = "open_item", _("Work on this type is open already")


class OutcomeKind(TextChoices):
    """How somebody closed an item."""

    RISK_RESOLVED = "risk_resolved", _("Risk resolved")
    EXPANSION_AGREED = "expansion_agreed", _("Expansion agreed")
    ADVOCACY_GIVEN = "advocacy_given", _("Advocacy given")
    NO_CHANGE = "no_change", _("No change")
    NO_RESPONSE = "no_response", _("No response")
    LOST = "lost", _("Customer lost")
    INSIGHT_WRONG = "insight_wrong", _("The insight was wrong")
    DUPLICATE = "duplicate", _("Duplicate")
    OTHER = "other", _("Other")
    SIGNAL_CLEARED = "signal_cleared", _("Signal cleared")
    NOT_RELEVANT = "not_relevant", _("No longer relevant")
    RETRACTED = "retracted", _("Insight taken back")
    EXPIRED = "expired", _("Horizon ended")
    COMPLETED = "completed", _("Playbook finished")
    HANDED_TO_HUMAN = "handed_to_human", _("Passed to a person")
    FIXED = "fixed", _("Fixed")
    NOT_A_FAULT = "not_a_fault", _("Not a fault")


# What a close says about the insight: that it was right, whether or not acting helped. Only "the insight was wrong"
# says the contrary; all other outcomes say neither.
SAYS_RIGHT = (OutcomeKind.RISK_RESOLVED, OutcomeKind.EXPANSION_AGREED, OutcomeKind.ADVOCACY_GIVEN, OutcomeKind.LOST)


class PolicyState(TextChoices):
    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")


class SwitchScope(TextChoices):
    ALL = "all", _("All automation")
    TYPE = "type", _("One insight type")
    PLAYBOOK = "playbook", _("One playbook")
    SOURCE = "source", _("One source")
