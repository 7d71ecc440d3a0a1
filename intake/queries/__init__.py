from intake.queries.arrivals import (
    REASON,
    TokenLine,
    find_namespaces,
    namespace_of,
    rejected_as_csv,
    token_lines,
    visible_imports,
    warned_as_csv,
    warnings_of,
)

__all__ = [
    "REASON",
    "TokenLine",
    "find_namespaces",
    "namespace_of",
    "rejected_as_csv",
    "token_lines",
    "visible_imports",
    "warned_as_csv",
    "warnings_of",
]
