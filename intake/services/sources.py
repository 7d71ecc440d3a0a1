"""Sources: made and changed, each with somebody in the business who answers for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core.enums import Role
from core.models import User
from core.services import changed_fields, record_act
from intake.enums import ScoreMeaning, SourceMode
from intake.models import Source

# Addresses below /sources/ that are no source's.
RESERVED = ("new",)


class SourceRefused(Exception):
    """A source cannot be so; the message says what to mend, `.field` where."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class SourceTerms:
    """What somebody settles about a source. `cadence_hours`: None when it comes whenever it comes."""

    name: str
    owner: User
    backup: User | None = None
    cadence_hours: int | None = None
    runbook: str = ""
    mode: SourceMode = SourceMode.CONSOLIDATE
    score_meaning: ScoreMeaning = ScoreMeaning.CONFIDENCE
    account_namespace: Source | None = None
    is_active: bool = True

    def as_fields(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


def terms_of(source: Source) -> SourceTerms:
    """What is settled about a source now."""
    return SourceTerms(**{field.name: getattr(source, field.name) for field in fields(SourceTerms)})


@transaction.atomic
def create_source(*, slug: str, terms: SourceTerms, by: User, now: datetime) -> Source:
    """A new source. Raises `SourceRefused`."""
    if slug in RESERVED:
        raise SourceRefused(_("“%s” is an address of ours: choose another short name.") % slug, "slug")
    if Source.objects.filter(slug=slug).exists():
        raise SourceRefused(_("There is a source with this short name: choose another."), "slug")
    _check(terms, None, before=None)
    source = Source.objects.create(slug=slug, **terms.as_fields())
    record_act("created", source, by=by, now=now)
    return source


@transaction.atomic
def change_source(*, source_id: UUID, terms: SourceTerms, by: User, now: datetime) -> Source:
    """Settle a source anew; what changed is in the audit trail. Raises `SourceRefused`, `Source.DoesNotExist`."""
    source = Source.objects.systems().select_for_update(of=("self",)).get(pk=source_id)
    _check(terms, source, before=source)
    return _settle(source, terms.as_fields(), by=by, now=now)


@transaction.atomic
def settle_source(*, source_id: UUID, wanted: Mapping[str, Any], by: User, now: datetime) -> Source:
    """Change only some of what is settled, without looking at the rest again. Raises `Source.DoesNotExist`."""
    source = Source.objects.systems().select_for_update(of=("self",)).get(pk=source_id)
    return _settle(source, wanted, by=by, now=now)


def _settle(source: Source, wanted: Mapping[str, Any], *, by: User, now: datetime) -> Source:
    changed = {name: wanted[name] for name in changed_fields(source, wanted)}
    if not changed:
        return source
    was = {name: _said(getattr(source, name)) for name in changed}
    for name, value in changed.items():
        setattr(source, name, value)
    source.save(update_fields=list(changed))
    data: Mapping[str, Any] = {name: [was[name], _said(value)] for name, value in changed.items()}
    record_act("changed", source, by=by, now=now, data=data)
    return source


def _check(terms: SourceTerms, source: Source | None, *, before: Source | None) -> None:
    """A leaver who was named before may stay until their work is handed over; nobody new may be one."""
    for field, person, was in (
        ("owner", terms.owner, before and before.owner_id),
        ("backup", terms.backup, before and before.backup_id),
    ):
        if person is None or person.pk == was:
            continue
        if not person.is_active:
            raise SourceRefused(_("%(who)s has left: choose somebody else.") % {"who": person}, field)
        if person.role == Role.INTEGRATION:
            raise SourceRefused(_("Choose a person: an integration cannot mend anything."), field)
    if terms.backup is not None and terms.backup.pk == terms.owner.pk:
        raise SourceRefused(_("Choose somebody else than the owner: they stand in when the owner is away."), "backup")
    namespace = terms.account_namespace
    if namespace is None:
        return
    if source is not None and namespace.pk == source.pk:
        raise SourceRefused(_("Leave this empty: its own account ids are what it uses then."), "account_namespace")
    if namespace.account_namespace_id is not None:
        raise SourceRefused(
            _("%(name)s itself uses the ids of another source: choose that one.") % {"name": namespace},
            "account_namespace",
        )
    if source is not None and Source.objects.filter(account_namespace=source).exists():
        raise SourceRefused(
            _("Other sources use the account ids of this one: it has to keep its own."), "account_namespace"
        )


def _said(value: object) -> object:
    """A value as the audit trail keeps it."""
    pk = getattr(value, "pk", None)
    return str(pk) if pk is not None else value
