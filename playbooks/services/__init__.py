from playbooks.services.dispatch import dispatch_decisions
from playbooks.services.outbox import record_effects, send_effects
from playbooks.services.stepping import advance_runs
from playbooks.services.ticks import tick
from playbooks.services.withdrawing import withdraw_insights

__all__ = ["advance_runs", "dispatch_decisions", "record_effects", "send_effects", "tick", "withdraw_insights"]
