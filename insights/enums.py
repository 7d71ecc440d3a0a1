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
