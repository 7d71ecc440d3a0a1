from decisions.views.ownership import (
    change_cell,
    discard_ownership,
    publish_ownership,
    remove_a_cell,
    show_ownership,
    take_back_ownership,
)
from decisions.views.proof import new_hold_out, show_proof, stop_a_hold_out

__all__ = [
    "change_cell",
    "discard_ownership",
    "new_hold_out",
    "publish_ownership",
    "remove_a_cell",
    "show_ownership",
    "show_proof",
    "stop_a_hold_out",
    "take_back_ownership",
]
