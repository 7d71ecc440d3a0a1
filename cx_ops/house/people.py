"""House rules about people: when they work, in which team, who takes what nobody else can."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.utils import formats
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from accounts.models import Account
from core.business_time import Hours, NoWorkingDay, add_business_hours
from core.enums import Role
from core.export import Column
from core.guards import WORKERS
from core.models import BusinessCalendar, Organisation, Team, User
from core.services import HouseRuleRefused
from cx_ops.forms.house import CalendarForm, OrganisationForm, PersonForm, TeamForm
from cx_ops.house.kind import RuleKind
from playbooks.models import Task
from playbooks.queries.standings import by_team

# Work that is due within so many hours must be reachable by any calendar.
SOME_HOURS = 40


def _touched_by_calendars(now: datetime) -> Mapping[Any, str]:
    followed = dict(
        _people().filter(calendar__isnull=False)
        .values_list("calendar").annotate(Count("id")).order_by()
    )  # fmt: skip
    without = _people().filter(calendar=None).count()
    general = Organisation.objects.values_list("calendar_id", flat=True).first()
    return {
        pk: _people_words(followed.get(pk, 0) + (without if pk == general else 0), is_general=pk == general)
        for pk in BusinessCalendar.objects.values_list("pk", flat=True)
    }


def _people_words(count: int, *, is_general: bool) -> str:
    people = ngettext("%(n)d person works by it", "%(n)d people work by it", count) % {"n": count}
    return _("%(people)s; so does whoever has none of their own") % {"people": people} if is_general else people


def _check_calendar(row: BusinessCalendar, now: datetime) -> None:
    try:
        add_business_hours(now, SOME_HOURS, Hours.from_calendar(row, row.timezone))
    except NoWorkingDay:
        raise HouseRuleRefused(_("With these holidays nobody works for more than a year."), "holidays") from None


def _days(row: BusinessCalendar) -> str:
    return ", ".join(str(WEEKDAYS_ABBR[day]) for day in sorted(row.weekdays))


CALENDARS = RuleKind(
    slug="working-hours",
    title=gettext_lazy("Working hours"),
    text=gettext_lazy(
        "Sets of hours, days and holidays: time limits and waits count only within them. Which set somebody works by "
        "is chosen under People, or by themselves in Preferences."
    ),
    one=gettext_lazy("set of working hours"),
    counted=ngettext_lazy("%(n)d set of hours", "%(n)d sets of hours", "n"),
    rows=lambda: BusinessCalendar.objects.order_by("name"),
    form=CalendarForm,
    fields=("name", "timezone", "opens", "closes", "weekdays", "holidays"),
    columns=(
        Column(gettext_lazy("Name"), lambda row: row.name),
        Column(gettext_lazy("Time zone"), lambda row: row.timezone.replace("_", " ")),
        Column(
            gettext_lazy("Hours"),
            lambda row: f"{formats.time_format(row.opens, 'H:i')} – {formats.time_format(row.closes, 'H:i')}",
        ),
        Column(gettext_lazy("Days"), _days),
        Column(gettext_lazy("Holidays"), lambda row: len(row.holidays)),
    ),
    touches=_touched_by_calendars,
    later=gettext_lazy("Times given from now on follow it. What is due already stays due when it is."),
    check=_check_calendar,
    editors=(Role.MANAGER, Role.OPS),
)


def _touched_by_teams(now: datetime) -> Mapping[Any, str]:
    accounts = dict(_per_team(Account.objects.filter(archived_at=None, team__isnull=False)))
    tasks = dict(by_team(Task.objects.active()).values_list("of_team").annotate(Count("pk")).order_by())
    members = Team.objects.annotate(people=Count("members", filter=Q(members__is_active=True)))
    return {
        pk: _("%(people)s, %(accounts)s, %(tasks)s")
        % {
            "people": ngettext("%(n)d person", "%(n)d people", people) % {"n": people},
            "accounts": ngettext("%(n)d account", "%(n)d accounts", accounts.get(pk, 0)) % {"n": accounts.get(pk, 0)},
            "tasks": ngettext("%(n)d open task", "%(n)d open tasks", tasks.get(pk, 0)) % {"n": tasks.get(pk, 0)},
        }
        for pk, people in members.values_list("pk", "people")
    }


def _per_team(rows: Any) -> Any:
    return rows.values_list("team").annotate(Count("pk")).order_by()


def _check_team(row: Team, now: datetime) -> None:
    """A team that is put away has nothing left, and one without a lead has somebody behind it."""
    if row.lead is None and not _has_catch_all():
        raise HouseRuleRefused(
            _("Somebody must take what nobody else can: choose a lead, or first name a catch-all."), "lead"
        )
    if row.is_active:
        return
    accounts = Account.objects.filter(team=row, archived_at=None).count()
    tasks = by_team(Task.objects.active()).filter(of_team=row.pk).count()
    people = User.objects.filter(team=row, is_active=True).count()
    left = (
        (ngettext("%(n)d account", "%(n)d accounts", accounts), accounts),
        (ngettext("%(n)d open task", "%(n)d open tasks", tasks), tasks),
        (ngettext("%(n)d person", "%(n)d people", people), people),
    )
    if words := ", ".join(text % {"n": count} for text, count in left if count):
        raise HouseRuleRefused(_("Move first what is still with it: %(left)s.") % {"left": words}, "is_active")


def _has_catch_all() -> bool:
    return Organisation.objects.filter(catch_all__is_active=True).exists()


TEAMS = RuleKind(
    slug="teams",
    title=gettext_lazy("Teams"),
    text=gettext_lazy(
        "People who share accounts: an account is in the team of its customer success manager, and stays there when it "
        "has none any more. What nobody owns goes to the team's pool, then to its lead, then to the catch-all (see "
        "Organisation)."
    ),
    one=gettext_lazy("team"),
    counted=ngettext_lazy("%(n)d team", "%(n)d teams", "n"),
    rows=lambda: Team.objects.select_related("lead").annotate(
        pool=Count("members", filter=Q(members__is_active=True, members__in_pool=True))
    ).order_by("-is_active", "name"),
    form=TeamForm,
    fields=("name", "lead", "is_active"),
    columns=(
        Column(gettext_lazy("Team"), lambda row: row.name),
        Column(gettext_lazy("Lead"), lambda row: row.lead or _("Nobody")),
        Column(gettext_lazy("In the pool"), lambda row: row.pool),
        Column(gettext_lazy("In use"), lambda row: _("Yes") if row.is_active else _("No")),
    ),
    touches=_touched_by_teams,
    later=gettext_lazy("From now on alerts and what nobody owns go by it. Open tasks stay with whom they are."),
    check=_check_team,
)  # fmt: skip


def _touched_by_people(now: datetime) -> Mapping[Any, str]:
    held = Task.objects.active().filter(assignee__isnull=False)
    tasks = dict(held.values_list("assignee").annotate(Count("id")).order_by())
    return {
        pk: ngettext("%(n)d open task is theirs", "%(n)d open tasks are theirs", n) % {"n": n}
        for pk in _people().values_list("pk", flat=True)
        for n in [tasks.get(pk, 0)]
    }


def _people() -> Any:
    return User.objects.filter(is_active=True, role__in=WORKERS)


def _check_person(row: User, now: datetime) -> None:
    """The last one of a pool may leave it only where the team has a lead to fall back on."""
    before = User.objects.select_related("team__lead").filter(pk=row.pk).first()
    team = before.team if before else None
    leaves = before is not None and team is not None and before.in_pool and (not row.in_pool or row.team_id != team.pk)
    if not leaves or team is None or (team.lead and team.lead.is_active):
        return
    if not User.objects.filter(team=team, in_pool=True, is_active=True).exclude(pk=row.pk).exists():
        raise HouseRuleRefused(
            _("%(team)s would have neither a pool nor a lead: put somebody else into its pool first.") % {"team": team},
            "in_pool",
        )


BACK_OFFICE = "admin:core_user_changelist"

PEOPLE = RuleKind(
    slug="people",
    title=gettext_lazy("People"),
    text=gettext_lazy(
        "Which team somebody works in, whether they take what nobody owns, and how many urgent tasks a day they get. "
        "Whoever is added here works with accounts and tasks."
    ),
    beside=(
        (gettext_lazy("Absences, hand-overs and leavers: Team"), "team"),
        (gettext_lazy("Managers, leaders, operations: back office"), BACK_OFFICE),
    ),
    one=gettext_lazy("person"),
    counted=ngettext_lazy("%(n)d person", "%(n)d people", "n"),
    rows=lambda: _people().select_related("team", "calendar").order_by("team__name", "first_name", "username"),
    form=PersonForm,
    fixed=("username", "email", "first_name", "last_name"),
    fields=("team", "in_pool", "daily_cap", "calendar"),
    columns=(
        Column(gettext_lazy("Person"), str),
        Column(gettext_lazy("Team"), lambda row: row.team or _("No team")),
        Column(gettext_lazy("In the pool"), lambda row: _("Yes") if row.in_pool else _("No")),
        Column(gettext_lazy("Urgent tasks a day, at most"), lambda row: row.daily_cap),
        Column(gettext_lazy("Working hours"), lambda row: row.calendar or _("The organisation's")),
    ),
    touches=_touched_by_people,
    later=gettext_lazy(
        "They see their team's accounts at once. Open tasks stay theirs; new ones come by what is set here."
    ),
    check=_check_person,
    editors=(Role.MANAGER, Role.OPS),
    may_change=lambda row: row.role == Role.CSM and not row.is_superuser,
)


def _touched_by_organisation(now: datetime) -> Mapping[Any, str]:
    without = _people().filter(calendar=None).count()
    words = ngettext("%(n)d person works by its hours", "%(n)d people work by its hours", without) % {"n": without}
    if not without:
        words = _("Everybody has working hours of their own")
    return {row.pk: words for row in Organisation.objects.all()}


def _nine_to_five(row: Organisation) -> str:
    return _("Nine to five, Monday to Friday, %(zone)s") % {"zone": row.timezone.replace("_", " ")}


def _check_organisation(row: Organisation, now: datetime) -> None:
    """What is at stake in open tasks was counted in the currency of their day: it does not change under them."""
    before = Organisation.objects.values_list("reporting_currency", flat=True).first() or row.reporting_currency
    if row.reporting_currency != before and (count := Task.objects.active().count()):
        words = ngettext(
            "%(n)d open task is ranked by its worth in %(currency)s: close it first.",
            "%(n)d open tasks are ranked by their worth in %(currency)s: close them first.",
            count,
        )
        raise HouseRuleRefused(words % {"n": count, "currency": before}, "reporting_currency")


ORGANISATION = RuleKind(
    slug="organisation",
    title=gettext_lazy("Organisation"),
    text=gettext_lazy(
        "Its name, the currency it counts in, its own working hours, and who takes what nobody else can take."
    ),
    one=gettext_lazy("organisation"),
    counted="",
    rows=lambda: Organisation.objects.select_related("catch_all", "calendar"),
    form=OrganisationForm,
    fields=("name", "reporting_currency", "timezone", "calendar", "catch_all"),
    columns=(
        Column(gettext_lazy("Name"), lambda row: row.name),
        Column(gettext_lazy("Catch-all"), lambda row: row.catch_all or _("Nobody")),
        Column(gettext_lazy("Working hours"), lambda row: row.calendar or _nine_to_five(row)),
        Column(gettext_lazy("Currency"), lambda row: row.reporting_currency),
    ),
    touches=_touched_by_organisation,
    later=gettext_lazy("In force at once for what is decided and opened from now on."),
    check=_check_organisation,
    may_add=lambda: not Organisation.objects.exists(),
    editors=(Role.MANAGER, Role.OPS),
)
