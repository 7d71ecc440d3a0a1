from decimal import Decimal

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Direction(TextChoices):
    RISK = "risk", _("Risk")
    OPPORTUNITY = "opportunity", _("Opportunity")


class ModelState(TextChoices):
    """Whether somebody has looked at a model version before it may touch a customer."""

    ANNOUNCED = "announced", _("New, not checked")
    CHECKED = "checked", _("Checked")


# The model of what people raise themselves.
PERSON = "person"
# How sure they can say they are, and what that counts as.
SURE = ((Decimal("0.55"), _("A hunch")), (Decimal("0.75"), _("Fairly sure")), (Decimal("0.95"), _("Certain")))
