from accounts.queries.identity import find_accounts

__all__ = ["find_accounts"]
