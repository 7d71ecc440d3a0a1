from outcomes.services.record import record_outcomes

__all__ = ["record_outcomes"]
