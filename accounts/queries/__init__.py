from accounts.queries.identity import find_accounts, find_people, unknown_among
from accounts.queries.money import (
    in_reporting_currency,
    rates_on,
    reporting_currency,
    trailing_revenue,
    yearly_revenue,
)
from accounts.queries.page import AccountView, account_view
from accounts.queries.red_lines import crosses_red_line, red_lines
from accounts.queries.search import listed_accounts, search_accounts
from accounts.queries.shown import ShownValue, shown_values
from accounts.queries.values import Value, account_as_of, value_as_of

__all__ = [
    "AccountView",
    "ShownValue",
    "Value",
    "account_as_of",
    "account_view",
    "crosses_red_line",
    "find_accounts",
    "find_people",
    "in_reporting_currency",
    "listed_accounts",
    "rates_on",
    "red_lines",
    "reporting_currency",
    "search_accounts",
    "shown_values",
    "trailing_revenue",
    "unknown_among",
    "value_as_of",
    "yearly_revenue",
]
