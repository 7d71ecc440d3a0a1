from cx_ops.views.account import change_forecast, log_touch, new_insight, show_account
from cx_ops.views.audit import show_audit
from cx_ops.views.dead_letters import replay, show_dead_letters

__all__ = ["change_forecast", "log_touch", "new_insight", "replay", "show_account", "show_audit", "show_dead_letters"]
