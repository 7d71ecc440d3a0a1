from cx_ops.audit.lines import Line, all_in_words, fold, in_words
from cx_ops.audit.trail import PAGE, CursorUnknown, Wanted, after, cursor_of, visible_acts

__all__ = [
    "PAGE",
    "CursorUnknown",
    "Line",
    "Wanted",
    "after",
    "all_in_words",
    "cursor_of",
    "fold",
    "in_words",
    "visible_acts",
]
