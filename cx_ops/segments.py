"""Segments over all rooms: kept up to date, counted, and said in words."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import Case, Count, Q, Sum, Value, When
from django.utils.translation import gettext as _

from accounts.models import Account, Segment
from accounts.queries import rates_on, yearly_revenue
from accounts.rules.segments import AccountFilter, read_filter
from accounts.services import SegmentRefused, deactivate_segment
from accounts.services.segments import keep_members
from core.models import Team, User
from core.templatetags.cx import money, place_of, words_of
from cx_ops.account_filter import TEAM, filter_accounts, has_lapsed
from cx_ops.account_health import LABELS, Level
from decisions.queries.saved import versions_naming
from insights.models import InsightType

FRESH_FOR = timedelta(minutes=5)


class SegmentLine(NamedTuple):
    """A segment as the list shows it; counts are of the accounts that the reader may see.

    `revenue` is of those whose term runs, as the portfolio's sum.
    """

    segment: Segment
    words: list[str]
    accounts: int
    revenue: Decimal


def refresh_segments(now: datetime) -> None:
    """Take anew the members of every segment for which that was last done five minutes of domain time ago."""
    due = Q(refreshed_at=None) | Q(refreshed_at__lte=now - FRESH_FOR) | Q(refreshed_at__gt=now)
    for segment in Segment.objects.active().filter(due):
        refresh_segment(segment, now)


@transaction.atomic
def refresh_segment(segment: Segment, now: datetime) -> None:
    """Take anew who is in one segment, unless somebody else is at it."""
    held = Segment.objects.active().select_for_update(skip_locked=True, of=("self",)).filter(pk=segment.pk).first()
    if held is not None:
        accounts = filter_accounts(Account.objects.filter(archived_at=None), read_filter(held.definition), now)
        keep_members(segment=held, accounts=accounts, now=now)


@transaction.atomic
def put_segment_away(*, segment: Segment, version: int, by: User, now: datetime) -> None:
    """Put a segment away, unless a matrix goes by it. Raises `SegmentRefused`."""
    if versions := versions_naming(segment.slug):
        raise SegmentRefused(
            _("The ownership matrix goes by it (version %(versions)s). Take its cells out first.")
            % {"versions": ", ".join(map(str, versions))}
        )
    deactivate_segment(segment_id=segment.pk, version=version, by=by, now=now)


def list_segments(user: User, now: datetime) -> list[SegmentLine]:
    """Every segment, those in use first, with how many accounts of `user`'s are in it: five queries at most."""
    segments = list(Segment.objects.visible_to(user).select_related("made_by").order_by("-is_active", "name"))
    rates = rates_on(now.date())
    mine = Account.objects.visible_to(user).filter(archived_at=None)
    is_over = Case(When(has_lapsed(now), then=Value(value=True)), default=Value(value=False))
    sums = (
        mine.filter(memberships__isnull=False)
        .annotate(yearly=yearly_revenue(rates), is_over=is_over)
        .order_by()
        .values_list("memberships__segment")
        .annotate(n=Count("pk"), total=Sum("yearly", filter=Q(is_over=False)))
    )
    found = {segment: (count, total or Decimal(0)) for segment, count, total in sums}
    names = _Names(segments, next(reversed(rates)))
    return [
        SegmentLine(segment, names.describe(segment), *found.get(segment.pk, (0, Decimal(0)))) for segment in segments
    ]


class _Names:
    """The names of what definitions refer to by id or slug, read once for all of them."""

    def __init__(self, segments: list[Segment], currency: str) -> None:
        self.currency = currency
        wanted = [read_filter(segment.definition) for segment in segments]
        owners = {one.owner for one in wanted if one.owner}
        people = {UUID(owner) for owner in owners if not owner.startswith(TEAM)}
        teams = {UUID(owner.removeprefix(TEAM)) for owner in owners if owner.startswith(TEAM)}
        self.owners = {str(person.pk): str(person) for person in User.objects.filter(pk__in=people)} if people else {}
        if teams:
            self.owners |= {f"{TEAM}{team.pk}": team.name for team in Team.objects.filter(pk__in=teams)}
        self.types = dict(InsightType.objects.values_list("slug", "name"))

    def describe(self, segment: Segment) -> list[str]:
        return describe(read_filter(segment.definition), self.owners, self.types, self.currency)


def describe(wanted: AccountFilter, owners: dict[str, str], types: dict[str, str], currency: str) -> list[str]:
    """A filter in words, a phrase for each part that is given; amounts are in `currency`."""
    words: dict[str, Any] = {
        "owner": lambda owner: _("of %s") % owners.get(owner, _("somebody who is not known")),
        "health": lambda health: str(LABELS[Level[health.upper()]]),
        "open": lambda slug: _("open: %s") % types.get(slug, slug),
        "revenue_from": lambda amount: _("revenue from %s") % money(amount, currency),
        "revenue_below": lambda amount: _("revenue below %s") % money(amount, currency),
        "renews_within": lambda days: _("term ends within %d days") % days,
        "region": place_of,
        "quiet_for": lambda days: _("no touch for %d days") % days,
    }
    given = msgspec.structs.asdict(wanted).items()
    return [str(words.get(part, words_of)(value)) for part, value in given if value not in ("", None)]
