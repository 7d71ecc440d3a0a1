from decisions.services.decide import decide_insights
from decisions.services.items import (
    assign_item,
    close_item,
    close_items,
    forget_streams,
    reactivate_account,
    reopen_item,
    touch_item,
)
from decisions.services.policies import (
    PolicyRefused,
    draft_authority,
    draft_ownership,
    publish_policy,
    throw_switch,
)

__all__ = [
    "PolicyRefused",
    "assign_item",
    "close_item",
    "close_items",
    "decide_insights",
    "draft_authority",
    "draft_ownership",
    "forget_streams",
    "publish_policy",
    "reactivate_account",
    "reopen_item",
    "throw_switch",
    "touch_item",
]
