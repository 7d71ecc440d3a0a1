from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Certainty(TextChoices):
    """What a person typed is provisional until the ledger or an event confirms it."""

    PROVISIONAL = "provisional", _("Reported")
    CONFIRMED = "confirmed", _("Confirmed")
