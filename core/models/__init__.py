from core.models.acts import Act, Alert, StoredResponse
from core.models.mail import Mail
from core.models.people import Absence, BusinessCalendar, Organisation, Team, User
from core.models.work import Batch, DeadLetter, Heartbeat, Pending

__all__ = [
    "Absence",
    "Act",
    "Alert",
    "Batch",
    "BusinessCalendar",
    "DeadLetter",
    "Heartbeat",
    "Mail",
    "Organisation",
    "Pending",
    "StoredResponse",
    "Team",
    "User",
]
