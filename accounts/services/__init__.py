from accounts.services.resolve import release_parked, resolve_records

__all__ = ["release_parked", "resolve_records"]
