"""What the intake room knows without a database."""

from intake.rules.kinds import BELIEVED, UPSERTED, Apply, Arrival, Kind, Problem, Result

__all__ = ["BELIEVED", "UPSERTED", "Apply", "Arrival", "Kind", "Problem", "Result"]
