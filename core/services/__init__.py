from core.services.absences import AbsenceRefused, end_absence, set_absence
from core.services.acts import record_act, record_acts
from core.services.alerts import mark_alerts_seen, raise_alert
from core.services.answers import forget_answers
from core.services.heartbeats import TICK, note_heartbeat

__all__ = [
    "TICK",
    "AbsenceRefused",
    "end_absence",
    "forget_answers",
    "mark_alerts_seen",
    "note_heartbeat",
    "raise_alert",
    "record_act",
    "record_acts",
    "set_absence",
]
