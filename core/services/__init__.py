from core.services.absences import AbsenceRefused, end_absence, set_absence
from core.services.acts import changed_fields, record_act, record_acts
from core.services.alerts import mark_alerts_seen, raise_alert
from core.services.answers import forget_answers
from core.services.heartbeats import TICK, note_heartbeat
from core.services.house import (
    HouseRuleChanged,
    HouseRuleRefused,
    add_house_rule,
    change_house_rule,
    print_of,
    remove_house_rule,
)

__all__ = [
    "TICK",
    "AbsenceRefused",
    "HouseRuleChanged",
    "HouseRuleRefused",
    "add_house_rule",
    "change_house_rule",
    "changed_fields",
    "end_absence",
    "forget_answers",
    "mark_alerts_seen",
    "note_heartbeat",
    "print_of",
    "raise_alert",
    "record_act",
    "record_acts",
    "remove_house_rule",
    "set_absence",
]
