from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class AccountRole(TextChoices):
    """Who somebody is on one account."""

    CSM = "csm", _("Customer success manager")
    ACCOUNT_EXECUTIVE = "account_executive", _("Account executive")
    SUPPORT_LEAD = "support_lead", _("Support lead")
    MARKETER = "marketer", _("Marketer")
    SPONSOR = "sponsor", _("Executive sponsor")


class KeyKind(TextChoices):
    """What identifies an account to a source."""

    EXTERNAL_ID = "external_id", _("External id")
    DOMAIN = "domain", _("Domain")
    ID = "id", _("Our own id")


class Stakeholder(TextChoices):
    CHAMPION = "champion", _("Champion")
    SPONSOR = "sponsor", _("Sponsor")
    DECISION_MAKER = "decision_maker", _("Decision maker")
    USER = "user", _("User")
    DETRACTOR = "detractor", _("Detractor")
    UNKNOWN = "unknown", _("Not known")


# Whose feelings count.
KEY_PEOPLE = (Stakeholder.SPONSOR, Stakeholder.DECISION_MAKER, Stakeholder.CHAMPION)


class Forecast(TextChoices):
    """How sure a renewal is; once the term is over, what became of it."""

    COMMIT = "commit", _("Commit")
    LIKELY = "likely", _("Likely")
    AT_RISK = "at_risk", _("In doubt")
    UNKNOWN = "unknown", _("Not forecast")
    RENEWED = "renewed", _("Renewed")
    ENDED = "ended", _("Ended, not renewed")


# What is said of a term that is over, where no other is known.
BECAME = (Forecast.RENEWED, Forecast.ENDED)


class ActivityKind(TextChoices):
    NOTE = "note", _("Note")
    CALL = "call", _("Call")
    MEETING = "meeting", _("Meeting")
    EMAIL = "email", _("E-mail")
    TICKET = "ticket", _("Ticket")
    USAGE = "usage", _("Usage")
    SURVEY = "survey", _("Survey")


# What counts as having been in touch.
TOUCHES = (ActivityKind.NOTE, ActivityKind.CALL, ActivityKind.MEETING)


class RedLine(TextChoices):
    """What must reach a person whatever else is going on."""

    CANCELLATION = "cancellation", _("Cancellation asked for")
    LEGAL = "legal", _("Legal matter")
    SPONSOR_LEFT = "sponsor_left", _("Sponsor left")
    NOTICE_DATE = "notice_date", _("Notice date within 30 days")


class EventKind(TextChoices):
    """What a client library was told to say (INTAKE.md, Events)."""

    TRACK = "track", _("Event")
    PAGE = "page", _("Page")
    SCREEN = "screen", _("Screen")
    IDENTIFY = "identify", _("Identification")
    GROUP = "group", _("Group")
    ALIAS = "alias", _("Alias")


# What somebody did; the others say who somebody is.
BEHAVIOUR = (EventKind.TRACK, EventKind.PAGE, EventKind.SCREEN)


class Channel(TextChoices):
    """A way to reach somebody at a customer."""

    EMAIL = "email", _("E-mail")
    PHONE = "phone", _("Phone")
    IN_APP = "in_app", _("In the app")
    POST = "post", _("Post")


class ConsentState(TextChoices):
    GRANTED = "granted", _("Agreed")
    REFUSED = "refused", _("Refused")


class Refusal(TextChoices):
    """Why something that is sent by itself may not go to somebody."""

    DO_NOT_CONTACT = "do_not_contact", _("Asked not to be contacted")
    LEFT = "left", _("No longer works there")
    REFUSED = "refused", _("Refused this channel")
    NOT_ASKED = "not_asked", _("Has not agreed to this channel")


class ErasureStatus(TextChoices):
    PREPARED = "prepared", _("Prepared")
    DONE = "done", _("Done")
    DROPPED = "dropped", _("Dropped")


class Evidence(TextChoices):
    """By what a record was held to be about an account."""

    NEW = "new", _("First record of this account")
    ACCOUNT_ID = "account_id", _("Same account id")
    SUBSCRIPTION = "subscription", _("Same subscription id")
    TAX_ID = "tax_id", _("Same tax number")
    EMAIL = "email", _("Same e-mail address")
    DOMAIN = "domain", _("Same domain")
    PHONE = "phone", _("Same phone number")
    BORN_ON = "born_on", _("Same birth date")
    ADDRESS = "address", _("Same address")
    NAME = "name", _("Name agrees")
    PERSON = "person", _("A person said so")


class Matching(TextChoices):
    """How boldly new records are matched."""

    STRICT = "strict", _("Strict: a shared domain needs the name to agree")
    RELAXED = "relaxed", _("Relaxed: a domain that one account holds is enough")


class Verdict(TextChoices):
    """What is said of two accounts, or two contacts, that may be one."""

    OPEN = "open", _("Not decided")
    SAME = "same", _("Held to be one")
    DIFFERENT = "different", _("Held to be two")


class NullRule(TextChoices):
    """What a source's blank does to a field."""

    IGNORE = "ignore", _("A blank is ignored")
    CLEAR = "clear", _("A blank clears the field")
    FILL_ONLY = "fill_only", _("Only fills an empty field")
