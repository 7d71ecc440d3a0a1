from decisions.views.ownership import (
    change_cell,
    discard_ownership,
    publish_ownership,
    remove_a_cell,
    show_ownership,
    take_back_ownership,
)

__all__ = [
    "change_cell",
    "discard_ownership",
    "publish_ownership",
    "remove_a_cell",
    "show_ownership",
    "take_back_ownership",
]
