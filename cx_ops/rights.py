"""What a role may do in the back office: one table. It is open to staff alone; a superuser may do everything.

Rights that somebody was given by hand, or by a group, come on top.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from core.enums import Role
from core.models import User

SEE = ("view",)
EDIT = ("view", "change")
KEEP = ("view", "add", "change")
ALL = ("view", "add", "change", "delete")

# Who works here and when, how a policy reads, what a playbook does: a manager's.
MANAGERS = {
    "core.user": EDIT,
    "core.absence": ALL,
    "core.organisation": EDIT,
    "core.alert": SEE,
    "decisions.ownershippolicy": KEEP,
    "decisions.ownershipcell": ALL,
    "decisions.authoritypolicy": KEEP,
    "decisions.authorityband": ALL,
    "decisions.killswitch": KEEP,
    "decisions.decision": SEE,
    "insights.insighttype": KEEP,
    "playbooks.playbook": KEEP,
    "playbooks.playbookversion": EDIT,
    "playbooks.step": ALL,
    "playbooks.task": SEE,
    "playbooks.run": SEE,
    "playbooks.runstep": SEE,
    "playbooks.watch": SEE,
    "outcomes.outcome": SEE,
    "accounts.account": EDIT,
    "accounts.contact": KEEP,
    "accounts.contract": SEE,
    "accounts.redlineflag": SEE,
}
# Where data comes from, what was sent, and stopping it: operations'.
OPERATIONS = {
    "core.user": SEE,
    "core.absence": ALL,
    "core.organisation": EDIT,
    "core.alert": SEE,
    "core.act": SEE,
    "core.mail": SEE,
    "decisions.ownershippolicy": SEE,
    "decisions.ownershipcell": SEE,
    "decisions.authoritypolicy": SEE,
    "decisions.authorityband": SEE,
    "decisions.killswitch": KEEP,
    "decisions.decision": SEE,
    "insights.insighttype": KEEP,
    "playbooks.playbook": SEE,
    "playbooks.playbookversion": SEE,
    "playbooks.step": SEE,
    "playbooks.task": SEE,
    "playbooks.run": SEE,
    "playbooks.runstep": SEE,
    "playbooks.effect": EDIT,
    "outcomes.outcome": SEE,
    "accounts.account": SEE,
    "accounts.contact": SEE,
    "accounts.contract": SEE,
    "accounts.ledgerentry": SEE,
    "accounts.redlineflag": SEE,
    "accounts.fxrate": KEEP,
}


def permissions(rights: dict[str, tuple[str, ...]]) -> frozenset[str]:
    """The names that Django gives these rights, such as "core.change_team"."""
    return frozenset(
        f"{app}.{verb}_{model}"
        for (app, model), verbs in ((name.split("."), verbs) for name, verbs in rights.items())
        for verb in verbs
    )


BY_ROLE = {Role.MANAGER.value: permissions(MANAGERS), Role.OPS.value: permissions(OPERATIONS)}


class RoleBackend(BaseBackend):
    """Gives staff the rights of their role; signs nobody in."""

    def get_user_permissions(self, user_obj: AbstractBaseUser | AnonymousUser, obj: Any = None) -> set[str]:
        if not isinstance(user_obj, User) or not (user_obj.is_active and user_obj.is_staff) or obj is not None:
            return set()
        return set(BY_ROLE.get(user_obj.role, ()))

    def has_module_perms(self, user_obj: AbstractBaseUser | AnonymousUser, app_label: str) -> bool:
        """Whether the back office shows anything of this room."""
        return any(name.startswith(f"{app_label}.") for name in self.get_user_permissions(user_obj))
