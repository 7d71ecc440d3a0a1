"""Changing who decides: drafts, publishing, kill switches. People publish; nothing else may."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from django.db import IntegrityError, connection, transaction
from django.db.models import Max

from core.enums import Role
from core.models import User
from core.services import record_act
from decisions.enums import PolicyState, SwitchScope
from decisions.models import AuthorityBand, AuthorityPolicy, KillSwitch, OwnershipCell, OwnershipPolicy
from decisions.models.policy import PolicyVersion, in_force_at

P = TypeVar("P", OwnershipPolicy, AuthorityPolicy)


class PolicyRefused(Exception):
    """The policy may not be published; the message says what to mend."""


def check_may_publish(by: User) -> None:
    """Raises `PolicyRefused` unless `by` is a manager, a leader or an administrator."""
    if not (by.is_superuser or by.role in (Role.MANAGER, Role.LEADER)):
        raise PolicyRefused("Only a manager or a leader can change who decides.")


def draft_ownership(*, by: User, now: datetime, why: str = "") -> OwnershipPolicy:
    """A new draft of the matrix with the cells that are in force."""
    return _draft(OwnershipPolicy, OwnershipCell, "cells", by=by, now=now, why=why)


def draft_authority(*, by: User, now: datetime, why: str = "") -> AuthorityPolicy:
    """A new draft of the bands with those that are in force."""
    return _draft(AuthorityPolicy, AuthorityBand, "bands", by=by, now=now, why=why)


def _draft(
    model: type[P],
    part: type[OwnershipCell] | type[AuthorityBand],
    parts: str,
    *,
    by: User,
    now: datetime,
    why: str,
) -> P:
    check_may_publish(by)
    with transaction.atomic():
        current = model.objects.get(in_force_at(now))
        rows = list(getattr(current, parts).all())
        draft = model.objects.get(version=current.version)
        draft.version = (model.objects.aggregate(newest=Max("version"))["newest"] or 0) + 1
        draft.state, draft.active_from, draft.active_to = PolicyState.DRAFT, None, None
        draft.why, draft.published_by = why, None
        draft.save(force_insert=True)
        for row in rows:
            row.pk, row.policy_id = None, draft.version
        part._default_manager.bulk_create(rows)
        record_act("drafted", draft, by=by, now=now, why=why)
    return draft


def publish_policy(policy: PolicyVersion, *, by: User, now: datetime) -> None:
    """Put a draft in force from `now` on, ending the version before it.

    Raises `PolicyRefused` when it is no draft, when a hole is left, or when `by` may not.
    """
    check_may_publish(by)
    model = type(policy)
    try:
        with transaction.atomic():
            draft = model._default_manager.select_for_update().get(pk=policy.pk)
            if draft.state != PolicyState.DRAFT:
                raise PolicyRefused(f"Version {policy.pk} is published already. Make a new draft from it.")
            model._default_manager.filter(state=PolicyState.PUBLISHED, active_to=None).update(active_to=now)
            model._default_manager.filter(pk=policy.pk).update(
                state=PolicyState.PUBLISHED, active_from=now, published_by=by
            )
            record_act("published", draft, by=by, now=now, why=draft.why)
            connection.check_constraints()
    except IntegrityError as error:
        raise PolicyRefused(str(error).split("\n", 1)[0]) from error


def throw_switch(*, scope: SwitchScope, value: str, off: bool, by: User, why: str, now: datetime) -> KillSwitch:
    """Switch automation off (or on again) in a scope. In force when this returns: acts wait for the row's lock."""
    check_may_publish(by)
    if off and not why.strip():
        raise PolicyRefused("Say why automation is switched off.")
    with transaction.atomic():
        switch, _ = KillSwitch.objects.get_or_create(scope=scope, value=value)
        switch = KillSwitch.objects.select_for_update().get(pk=switch.pk)
        switch.is_off, switch.why = off, why
        switch.save()
        record_act("switched_off" if off else "switched_on", switch, by=by, now=now, why=why)
    return switch
