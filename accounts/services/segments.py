"""Segments: saved, renamed, put away, and who is in them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import Segment
from accounts.models.account import AccountQuerySet
from accounts.rules.segments import AccountFilter, write_filter
from core.bulk import ids_of
from core.enums import Role
from core.ids import uuid7
from core.models import User
from core.services import record_act

LEAVE = """
DELETE FROM accounts_segmentmember AS member WHERE segment_id = %s
AND NOT EXISTS (SELECT 1 FROM ({wanted}) AS wanted WHERE wanted.id = member.account_id)
"""
JOIN = """
INSERT INTO accounts_segmentmember (segment_id, account_id, since)
SELECT %s, wanted.id, %s FROM ({wanted}) AS wanted ON CONFLICT DO NOTHING
"""
SLUG_LENGTH = 40


class SegmentRefused(Exception):
    """This cannot be done to the segment; says what to do. `field` is the input that is wrong, if one is."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@transaction.atomic
def save_segment(*, name: str, wanted: AccountFilter, by: User, now: datetime) -> Segment:
    """Keep a filter under a name. It has no members until `keep_members`. Raises `SegmentRefused`."""
    if wanted == AccountFilter():
        raise SegmentRefused(_("Choose at least one filter: a segment of all accounts is no segment."))
    _check_name(name)
    id = uuid7()
    slug = slugify(name)[: SLUG_LENGTH - 9] or "segment"
    if Segment.objects.filter(slug=slug).exists():
        slug = f"{slug}-{str(id)[-8:]}"
    segment = Segment.objects.create(id=id, slug=slug, name=name, definition=write_filter(wanted), made_by=by)
    record_act("segment_saved", segment, by=by, now=now, data={"name": name, "definition": segment.definition})
    return segment


@transaction.atomic
def rename_segment(*, segment_id: UUID, version: int, name: str, by: User, now: datetime) -> Segment:
    """Give a segment another name; its slug stays, so that nothing loses it. Raises `SegmentRefused`."""
    segment = _take(segment_id, version, by)
    _check_name(name, but=segment)
    data = {"from": segment.name, "to": name}
    segment.name = name
    return _store(segment, "name", verb="segment_renamed", data=data, by=by, now=now)


@transaction.atomic
def deactivate_segment(*, segment_id: UUID, version: int, by: User, now: datetime) -> Segment:
    """Put a segment away: nobody can choose it, and it has no members. Raises `SegmentRefused`."""
    segment = _take(segment_id, version, by)
    segment.is_active = False
    segment.members.all().delete()
    return _store(segment, "is_active", verb="segment_deactivated", data={"name": segment.name}, by=by, now=now)


@transaction.atomic
def reactivate_segment(*, segment_id: UUID, version: int, by: User, now: datetime) -> Segment:
    """Bring a segment back; its members come with the next `keep_members`. Raises `SegmentRefused`."""
    segment = _take(segment_id, version, by)
    _check_name(segment.name, but=segment)
    segment.is_active, segment.refreshed_at = True, None
    data = {"name": segment.name}
    return _store(segment, "is_active", "refreshed_at", verb="segment_reactivated", data=data, by=by, now=now)


@transaction.atomic
def keep_members(*, segment: Segment, accounts: AccountQuerySet, now: datetime) -> None:
    """Make `accounts` the members of the segment: who is no longer among them leaves, who is new joins `now`."""
    sql, params = ids_of(accounts)
    with connection.cursor() as cursor:
        cursor.execute(LEAVE.format(wanted=sql), [segment.pk, *params])
        cursor.execute(JOIN.format(wanted=sql), [segment.pk, now, *params])
    Segment.objects.filter(pk=segment.pk).update(refreshed_at=now)


def may_change_segment(user: User, segment: Segment) -> bool:
    """Whoever made it, managers and leaders."""
    return user.is_superuser or segment.made_by_id == user.pk or user.role in (Role.MANAGER, Role.LEADER)


def _take(segment_id: UUID, version: int, by: User) -> Segment:
    segment = Segment.objects.visible_to(by).select_for_update().get(pk=segment_id)
    if not may_change_segment(by, segment):
        raise SegmentRefused(_("%s made this segment: ask them, or a manager, to change it.") % segment.made_by)
    if segment.version != version:
        raise SegmentRefused(_("Somebody changed this segment meanwhile. Look again, then decide."))
    return segment


def _check_name(name: str, but: Segment | None = None) -> None:
    taken = Segment.objects.active().filter(name__iexact=name)
    if (taken.exclude(pk=but.pk) if but else taken).exists():
        raise SegmentRefused(_("There is a segment of this name. Choose another name."), "name")


def _store(segment: Segment, *fields: str, verb: str, data: dict[str, str], by: User, now: datetime) -> Segment:
    segment.version += 1
    segment.save(update_fields=[*fields, "version"])
    record_act(verb, segment, by=by, now=now, data=data)
    return segment
