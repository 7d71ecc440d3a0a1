from accounts.queries.identity import find_accounts, find_people
from accounts.queries.red_lines import red_lines

__all__ = ["find_accounts", "find_people", "red_lines"]
