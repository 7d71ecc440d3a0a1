from playbooks.services.dispatch import dispatch_decisions

__all__ = ["dispatch_decisions"]
