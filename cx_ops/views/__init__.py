from cx_ops.views.account import change_forecast, log_touch, new_insight, show_account
from cx_ops.views.audit import show_audit
from cx_ops.views.dead_letters import replay, replay_stage, show_dead_letters
from cx_ops.views.health import show_health

__all__ = [
    "change_forecast",
    "log_touch",
    "new_insight",
    "replay",
    "replay_stage",
    "show_account",
    "show_audit",
    "show_dead_letters",
    "show_health",
]
