from cx_ops.views.account import log_touch, new_insight, show_account
from cx_ops.views.dead_letters import replay, show_dead_letters

__all__ = ["log_touch", "new_insight", "replay", "show_account", "show_dead_letters"]
