from intake.queries.arrivals import (
    TokenLine,
    find_namespaces,
    line_of,
    mended_rows,
    namespace_of,
    rejected_as_csv,
    rejected_as_sent,
    rejected_rows,
    token_lines,
    visible_imports,
    warned_as_csv,
    warnings_of,
)

__all__ = [
    "TokenLine",
    "find_namespaces",
    "line_of",
    "mended_rows",
    "namespace_of",
    "rejected_as_csv",
    "rejected_as_sent",
    "rejected_rows",
    "token_lines",
    "visible_imports",
    "warned_as_csv",
    "warnings_of",
]
