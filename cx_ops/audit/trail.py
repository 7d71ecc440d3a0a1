"""Which acts are shown: for those who may know them (TRUST.md), by person, kind, account and day, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import reduce
from operator import or_
from uuid import UUID

from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.models import Account
from accounts.models.account import reads_all
from core.bulk import ids_of
from core.models import Act, User
from cx_ops.audit.subjects import NO_ACCOUNT, SUBJECTS, key_of
from insights.models import reads_held_out
from playbooks.queries.team import boarded_teams

PAGE = 50

# The account that an act is about. CASE, so that an id is only read as what it is.
ACCOUNT_OF = " ".join(
    f"WHEN '{type}' THEN (SELECT {of.account} FROM {of.rows} WHERE {key_of(type)} = core_act.subject_id::{of.key})"  # noqa: S608 - from SUBJECTS  # nosec B608
    for type, of in SUBJECTS.items()
    if of.account != NO_ACCOUNT
)


# What was done to an insight that is held out: CASE, as above.
TO_HELD_OUT = """CASE core_act.subject_type WHEN 'insight' THEN EXISTS (
    SELECT FROM insights_held_out h WHERE h.insight_id = core_act.subject_id::uuid OFFSET 0) ELSE false END"""


def visible_acts(user: User) -> QuerySet[Act]:
    """Acts that `user` may know: leaders all, operations all but those on what is held out.

    A manager: what their people did, what was done to their accounts and people, and to what is about no account.
    """
    acts = Act.objects.all()
    if not reads_held_out(user):
        acts = acts.exclude(RawSQL(TO_HELD_OUT, (), output_field=BooleanField()))  # noqa: S611 - a constant  # nosec B611
    if reads_all(user):
        return acts
    teams = list(boarded_teams(user).values_list("pk", flat=True))
    people = User.objects.filter(team__in=teams)
    sql, params = ids_of(Account.objects.visible_to(user))
    seen = RawSQL(  # noqa: S611 - put together from SUBJECTS alone  # nosec B611
        f"CASE core_act.subject_type {ACCOUNT_OF} END IN ({sql})", params, output_field=BooleanField()
    )
    open_types = [type for type, of in SUBJECTS.items() if of.open]
    ids = [str(pk) for pk in people.values_list("pk", flat=True)]
    return acts.annotate(seen=seen).filter(
        Q(by__in=people) | Q(subject_type__in=open_types) | Q(subject_type="user", subject_id__in=ids) | Q(seen=True)
    )


# What was done to anything of one account, by the index on what acts were done to.
ABOUT = " UNION ALL ".join(
    f"SELECT '{type}', {key_of(type)}::text FROM {of.rows} WHERE {of.account} = %s"  # noqa: S608 - from SUBJECTS  # nosec B608
    for type, of in SUBJECTS.items()
    if of.account != NO_ACCOUNT
)
ABOUT_TYPES = sum(of.account != NO_ACCOUNT for of in SUBJECTS.values())


@dataclass(frozen=True)
class Wanted:
    """What is looked for; everything empty is everything.

    kind: "verb subject", or several with commas. who: a person's id, or "system".
    """

    who: str = ""
    kind: str = ""
    account: UUID | None = None
    first_day: date | None = None
    last_day: date | None = None

    def apply(self, acts: QuerySet[Act]) -> QuerySet[Act]:
        if self.who:
            acts = acts.filter(by=None) if self.who == "system" else acts.filter(by=UUID(self.who))
        if self.kind:
            kinds = (kind.partition(" ") for kind in self.kind.split(","))
            acts = acts.filter(reduce(or_, (Q(verb=verb, subject_type=subject) for verb, _space, subject in kinds)))
        if self.account:
            about = RawSQL(  # noqa: S611 - put together from SUBJECTS alone  # nosec B611
                f"(core_act.subject_type, core_act.subject_id) IN ({ABOUT})", [self.account] * ABOUT_TYPES,
                output_field=BooleanField(),
            )  # fmt: skip
            acts = acts.annotate(about=about).filter(about=True)
        if self.first_day:
            acts = acts.filter(at__gte=_midnight(self.first_day))
        if self.last_day:
            acts = acts.filter(at__lt=_midnight(self.last_day + timedelta(days=1)))
        return acts


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), timezone.get_current_timezone())


class CursorUnknown(ValueError):
    """This is not a place in the trail."""


def after(acts: QuerySet[Act], cursor: str) -> QuerySet[Act]:
    """What happened before the act at `cursor`, newest first. Raises `CursorUnknown`."""
    acts = acts.select_related("by").order_by("-at", "-id")
    if not cursor:
        return acts
    at_text, _tilde, id_text = cursor.partition("~")
    try:
        at, id = parse_datetime(at_text), UUID(id_text)
    except ValueError:
        raise CursorUnknown from None
    if at is None:
        raise CursorUnknown
    return acts.filter(Q(at__lt=at) | Q(at=at, id__lt=id), at__lte=at)


def cursor_of(act: Act) -> str:
    return f"{act.at.isoformat()}~{act.pk}"
