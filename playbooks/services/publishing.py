"""Publishing versions of playbooks: from then on they cannot change, and new runs use the newest."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core.models import User
from core.services import record_act
from decisions.enums import PolicyState
from playbooks.enums import StepKind
from playbooks.models import PlaybookVersion, Step


class PublishRefused(Exception):
    """The version cannot be published as it is; the message says what is missing."""


def check_publishable(version: PlaybookVersion) -> None:
    """Raise `PublishRefused` unless the playbook has an outcome, an owner, and steps of which one is for a person."""
    steps = list(version.steps.all())
    if version.state == PolicyState.PUBLISHED:
        raise PublishRefused(_("This version is published already: make a new draft to change it."))
    if not version.playbook.outcome.strip():
        raise PublishRefused(_("Say what is different when the playbook has worked."))
    owner = version.playbook.owner
    if owner is None or not owner.is_active:
        raise PublishRefused(_("Name an active owner, who answers for the playbook when it breaks."))
    if not any(step.kind == StepKind.TASK for step in steps):
        raise PublishRefused(_("Add at least one task for a person."))
    if any(step.kind == StepKind.WAIT and not step.business_hours for step in steps):
        raise PublishRefused(_("Say how many business hours each wait lasts."))


@transaction.atomic
def publish_playbook(*, version_id: UUID, by: User, now: datetime) -> PlaybookVersion:
    """Publish a draft. Live runs keep the version they began with. Raises `PublishRefused`."""
    version = (
        PlaybookVersion.objects.select_for_update(of=("self",)).select_related("playbook__owner").get(pk=version_id)
    )
    check_publishable(version)
    version.state, version.published_at, version.published_by = PolicyState.PUBLISHED, now, by
    version.save(update_fields=["state", "published_at", "published_by"])
    record_act("published", version, by=by, now=now, why=str(version))
    return version


@transaction.atomic
def draft_playbook(*, playbook: str, by: User, now: datetime) -> PlaybookVersion:
    """A new draft with the steps of the newest version; the draft that there is already, if any."""
    newest = PlaybookVersion.objects.select_for_update().filter(playbook=playbook).order_by("-number").first()
    if newest is not None and newest.state == PolicyState.DRAFT:
        return newest
    draft = PlaybookVersion.objects.create(playbook_id=playbook, number=newest.number + 1 if newest else 1)
    fields = ("position", "kind", "title", "text", "business_hours")
    rows = newest.steps.values(*fields) if newest else []
    Step.objects.bulk_create(Step(version=draft, **row) for row in rows)
    record_act("drafted", draft, by=by, now=now, why=str(draft))
    return draft
