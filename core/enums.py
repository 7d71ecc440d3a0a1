from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Digest(TextChoices):
    """How often somebody is told by e-mail what waits for them."""

    OFF = "", _("Never")
    DAILY = "daily", _("Every working day")
    WEEKLY = "weekly", _("Once a week")


class Role(TextChoices):
    """What a user may do in the app; who they are on one account is `accounts.enums.AccountRole`."""

    CSM = "csm", _("Customer team")
    MANAGER = "manager", _("Manager")
    LEADER = "leader", _("Leader")
    OPS = "ops", _("Operations")
    INTEGRATION = "integration", _("Integration")
