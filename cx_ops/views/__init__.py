from cx_ops.views.account import change_forecast, log_touch, new_insight, show_account, show_live
from cx_ops.views.audit import show_audit
from cx_ops.views.authority import (
    change_bands,
    change_calm,
    discard_authority,
    publish_authority,
    remove_a_set,
    show_authority,
    switch_automation,
    take_back_authority,
)
from cx_ops.views.dead_letters import replay, replay_stage, show_dead_letters
from cx_ops.views.decision import show_decision
from cx_ops.views.fields import class_a_field, show_fields
from cx_ops.views.health import show_health
from cx_ops.views.house import change_rule, new_rule, remove_rule, show_house_rules, show_rules_of
from cx_ops.views.portfolio import show_portfolio
from cx_ops.views.readiness import show_lacking, show_readiness
from cx_ops.views.renewals import show_renewals
from cx_ops.views.search import search
from cx_ops.views.segments import change_segment, new_segment, show_segments
from cx_ops.views.start import begin, show_start
from cx_ops.views.weekly import show_weekly

__all__ = [
    "begin",
    "change_bands",
    "change_calm",
    "change_forecast",
    "change_rule",
    "change_segment",
    "class_a_field",
    "discard_authority",
    "log_touch",
    "new_insight",
    "new_rule",
    "new_segment",
    "publish_authority",
    "remove_a_set",
    "remove_rule",
    "replay",
    "replay_stage",
    "search",
    "show_account",
    "show_audit",
    "show_authority",
    "show_dead_letters",
    "show_decision",
    "show_fields",
    "show_health",
    "show_house_rules",
    "show_lacking",
    "show_live",
    "show_portfolio",
    "show_readiness",
    "show_renewals",
    "show_rules_of",
    "show_segments",
    "show_start",
    "show_weekly",
    "switch_automation",
    "take_back_authority",
]
