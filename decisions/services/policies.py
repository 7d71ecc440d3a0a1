"""Changing who decides: drafts, publishing, kill switches. People publish; nothing else may."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeVar

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Max, Q
from django.utils.translation import gettext as _

from core.enums import Role
from core.models import User
from core.services import record_act
from decisions.enums import PolicyState, SwitchScope
from decisions.models import AuthorityBand, AuthorityPolicy, KillSwitch, OwnershipCell, OwnershipPolicy
from decisions.models.policy import PolicyVersion

P = TypeVar("P", OwnershipPolicy, AuthorityPolicy)


# A version that was set to begin can no longer be changed, so a slip of the pen must not lie far ahead.
LATEST = timedelta(days=90)


class PolicyRefused(Exception):
    """The policy may not be changed or published so; the message says what to mend."""


class PolicyChanged(PolicyRefused):
    """Somebody else changed it since the page was made; the message says who, and what to do."""


def check_may_publish(by: User) -> None:
    """Raises `PolicyRefused` unless `by` is a manager, a leader or an administrator."""
    if not (by.is_superuser or by.role in (Role.MANAGER, Role.LEADER)):
        raise PolicyRefused(_("Only a manager or a leader can change who decides."))


def draft_ownership(*, by: User, now: datetime, why: str = "") -> OwnershipPolicy:
    """A new draft of the matrix with the cells of the newest version. One draft at a time."""
    return _draft(OwnershipPolicy, OwnershipCell, "cells", by=by, now=now, why=why)


def draft_authority(*, by: User, now: datetime, why: str = "") -> AuthorityPolicy:
    """A new draft of the bands with those of the newest version. One draft at a time."""
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
        newest = lock_newest(model)
        if other := model.objects.filter(state=PolicyState.DRAFT).first():
            raise PolicyChanged(
                _("There is a draft already, %(version)s. Change, publish or discard that one.") % {"version": other}
            )
        rows = list(getattr(newest, parts).all())
        draft = model.objects.get(version=newest.version)
        draft.version = (model.objects.aggregate(last=Max("version"))["last"] or 0) + 1
        draft.state, draft.active_from, draft.active_to = PolicyState.DRAFT, None, None
        draft.why, draft.published_by, draft.based_on, draft.edits = why, None, newest.version, 0
        draft.save(force_insert=True)
        for row in rows:
            row.pk, row.policy_id = None, draft.version
        part._default_manager.bulk_create(rows)
        record_act("drafted", draft, by=by, now=now, why=why)
    return draft


def lock_newest(model: type[P]) -> P:
    """The version published last, held until the transaction ends: drafts and publications wait for one another."""
    while True:
        newest = model.objects.get(NEWEST)
        if held := model.objects.select_for_update().filter(NEWEST, pk=newest.pk).first():
            return held


NEWEST = Q(state=PolicyState.PUBLISHED, active_to=None)


def publish_policy(
    policy: PolicyVersion,
    *,
    by: User,
    now: datetime,
    begins: datetime | None = None,
    edits: int | None = None,
    why: str | None = None,
) -> None:
    """Put a draft in force from `begins` (`now` unless told) on, ending the version before it.

    `edits`: what the publisher has seen of the draft. Raises `PolicyChanged` when there is more, or when another
    version was published in the meantime; `PolicyRefused` when a hole is left, or when `by` may not.
    """
    check_may_publish(by)
    begins = begins or now
    model = type(policy)
    try:
        with transaction.atomic():
            newest = lock_newest(model)  # type: ignore[type-var]
            draft = check_draft(model, policy.pk, edits)
            _check_follows(draft, newest, begins, now)
            note = draft.why if why is None else why
            model._default_manager.filter(pk=newest.pk).update(active_to=begins)
            model._default_manager.filter(pk=draft.pk).update(
                state=PolicyState.PUBLISHED, active_from=begins, published_by=by, why=note
            )
            record_act("published", draft, by=by, now=now, why=note, data={"begins": begins.isoformat()})
            connection.check_constraints()
    except IntegrityError as error:
        raise PolicyRefused(str(error).split("\n", 1)[0]) from error


def take_back_policy(policy: PolicyVersion, *, by: User, now: datetime) -> None:
    """Make a version that was published for a later day a draft again; the one before it goes on without an end.

    Raises `PolicyChanged` when it has begun, or was taken back already; `PolicyRefused` when there is a draft.
    """
    check_may_publish(by)
    model = type(policy)
    with transaction.atomic():
        coming = lock_newest(model)  # type: ignore[type-var]
        if coming.pk != policy.pk or coming.active_from is None:
            raise PolicyChanged(_("Version %(version)d no longer waits for its day.") % {"version": policy.pk})
        if coming.active_from <= now:
            raise PolicyChanged(_("Version %(version)d has begun. Make a new draft.") % {"version": policy.pk})
        if other := model._default_manager.filter(state=PolicyState.DRAFT).first():
            raise PolicyRefused(
                _("There is a draft already, %(version)s. Publish or discard that one first.") % {"version": other}
            )
        begins = coming.active_from
        model._default_manager.filter(pk=coming.pk).update(
            state=PolicyState.DRAFT, active_from=None, published_by=None, edits=F("edits") + 1
        )
        model._default_manager.filter(state=PolicyState.PUBLISHED, active_to=begins).update(active_to=None)
        record_act("taken_back", coming, by=by, now=now, data={"begins": begins.isoformat()})
        connection.check_constraints()


def check_draft(model: type[PolicyVersion], version: int, edits: int | None) -> PolicyVersion:
    """The draft `version`, locked. Raises `PolicyChanged` when it is none any more, or was changed since `edits`."""
    draft = model._default_manager.select_for_update().filter(pk=version).first()
    if draft is None:
        raise PolicyChanged(_("This draft was discarded by somebody else. What is in force is shown now."))
    if draft.state != PolicyState.DRAFT:
        raise PolicyChanged(
            _("Version %(version)d was published already, by %(who)s. Make a new draft to change it.")
            % {"version": version, "who": draft.published_by or _("the installation")}
        )
    if edits is not None and edits != draft.edits:
        raise PolicyChanged(
            _("Somebody else changed this draft while you were looking at it. It is shown as it is now; look again.")
        )
    return draft


def _check_follows(draft: PolicyVersion, newest: PolicyVersion, begins: datetime, now: datetime) -> None:
    if draft.based_on is not None and draft.based_on != newest.pk:
        raise PolicyChanged(
            _("Version %(newest)d was published after this draft was made. Discard the draft and begin anew from it.")
            % {"newest": newest.pk}
        )
    if begins < now:
        raise PolicyRefused(_("A policy can begin now or later: what was decided keeps the version of its day."))
    if begins > now + LATEST:
        raise PolicyRefused(_("A policy can begin at most 90 days from now. Choose an earlier day."))
    if newest.active_from is not None and begins <= newest.active_from:
        raise PolicyRefused(
            _("Version %(newest)d begins on %(day)s. Choose a later day for this one.")
            % {"newest": newest.pk, "day": f"{newest.active_from:%Y-%m-%d}"}
        )


def throw_switch(*, scope: SwitchScope, value: str, off: bool, by: User, why: str, now: datetime) -> KillSwitch:
    """Switch automation off (or on again) in a scope. In force when this returns: acts wait for the row's lock."""
    check_may_publish(by)
    if off and not why.strip():
        raise PolicyRefused(_("Say why automation is switched off."))
    with transaction.atomic():
        switch, _made = KillSwitch.objects.get_or_create(scope=scope, value=value)
        switch = KillSwitch.objects.select_for_update().get(pk=switch.pk)
        switch.is_off, switch.why = off, why
        switch.save()
        record_act("switched_off" if off else "switched_on", switch, by=by, now=now, why=why)
    return switch
