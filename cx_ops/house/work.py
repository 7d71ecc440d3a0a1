"""House rules about work: how soon it is acted on, why it is closed, how long it stays quiet then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from core.export import Column
from core.services import HouseRuleRefused
from core.templatetags.cx import words_of
from cx_ops.forms.house import CoolDownForm, LevelForm, ReasonForm
from cx_ops.house.kind import RuleKind
from decisions.enums import OutcomeKind
from decisions.models import CoolDown, Item
from playbooks.enums import ACTIVE
from playbooks.models import CloseReason, ServiceLevel, Task

LATELY = timedelta(days=30)
A_QUARTER = timedelta(days=90)


def _touched_by_levels(now: datetime) -> Mapping[Any, str]:
    counted = Task.objects.filter(urgent=True).filter(Q(status__in=ACTIVE) | Q(opened_at__gt=now - LATELY))
    open_now = Count("id", filter=Q(status__in=ACTIVE))
    lately = Count("id", filter=Q(opened_at__gt=now - LATELY))
    levels = dict(ServiceLevel.objects.values_list("tier", "pk"))
    sums: dict[Any, list[int]] = {pk: [0, 0] for pk in levels.values()}
    for tier, still, opened in counted.values_list("account__tier").annotate(still=open_now, lately=lately).order_by():
        if (pk := levels.get(tier, levels.get(""))) is not None:
            sums[pk] = [sums[pk][0] + still, sums[pk][1] + opened]
    return {pk: _level_words(still, opened) for pk, (still, opened) in sums.items()}


def _level_words(still: int, opened: int) -> str:
    kept = ngettext("%(n)d open urgent task", "%(n)d open urgent tasks", still) % {"n": still}
    return _("%(kept)s; %(n)d opened in the last 30 days") % {"kept": kept, "n": opened}


def _keep_the_default(row: ServiceLevel, now: datetime) -> None:
    if not row.tier:
        raise HouseRuleRefused(_("The default stays: every tier without a level of its own falls back on it."))


SERVICE_LEVELS = RuleKind(
    slug="service-levels",
    title=gettext_lazy("Service levels"),
    text=gettext_lazy(
        "How soon an urgent task must be acknowledged and have its first touch, in working hours of whoever owns it. "
        "A tier without a level of its own follows the default."
    ),
    one=gettext_lazy("service level"),
    counted=gettext_lazy("%(n)d rules, by tier"),
    rows=lambda: ServiceLevel.objects.order_by("tier"),
    form=LevelForm,
    fixed=("tier",),
    fields=("acknowledge_hours", "touch_hours", "passes_cap"),
    columns=(
        Column(gettext_lazy("Tier"), lambda row: words_of(row.tier) if row.tier else _("Default")),
        Column(gettext_lazy("Acknowledge within (working hours)"), lambda row: row.acknowledge_hours),
        Column(gettext_lazy("First touch within (working hours)"), lambda row: row.touch_hours),
        Column(gettext_lazy("Passes the day's limit"), lambda row: _("Yes") if row.passes_cap else _("No")),
    ),
    touches=_touched_by_levels,
    later=gettext_lazy("Tasks opened from now on follow it. Those that are open keep the times they were given."),
    check_removal=_keep_the_default,
    instead=gettext_lazy(
        "Tasks of this tier opened from now on follow the default. Those that are open keep their times."
    ),
)


def _touched_by_reasons(now: datetime) -> Mapping[Any, str]:
    closed = Task.objects.filter(closed_at__gt=now - A_QUARTER).exclude(outcome_reason="")
    given = {(outcome, slug): n for outcome, slug, n in _by_reason(closed)}
    return {
        row.pk: ngettext(
            "Chosen %(n)d time in the last 90 days", "Chosen %(n)d times in the last 90 days", n
        ) % {"n": n}
        for row in CloseReason.objects.all()
        for n in [given.get((row.outcome, row.slug), 0)]
    }  # fmt: skip


def _by_reason(tasks: Any) -> Any:
    return tasks.values_list("outcome", "outcome_reason").annotate(Count("id")).order_by()


REASONS = RuleKind(
    slug="close-reasons",
    title=gettext_lazy("Outcomes and reasons"),
    text=gettext_lazy(
        "What somebody may choose beside an outcome when they close a task. “Another reason” is always there, and "
        "needs words. Outcomes are the same for everybody, so that what they prove can be compared."
    ),
    one=gettext_lazy("reason"),
    counted=ngettext_lazy("%(n)d reason", "%(n)d reasons", "n"),
    rows=lambda: CloseReason.objects.order_by("outcome", "-is_active", "name"),
    form=ReasonForm,
    fixed=("outcome", "slug"),
    fields=("name", "is_active"),
    columns=(
        Column(gettext_lazy("Reason"), lambda row: row.name),
        Column(gettext_lazy("Outcome"), lambda row: OutcomeKind(row.outcome).label),
        Column(gettext_lazy("Offered"), lambda row: _("Yes") if row.is_active else _("No")),
    ),
    touches=_touched_by_reasons,
    later=gettext_lazy("Tasks closed before keep their reason, under its new name."),
)


def _touched_by_cool_downs(now: datetime) -> Mapping[Any, str]:
    quiet = Item.objects.filter(quiet=True).filter(Q(quiet_until=None) | Q(quiet_until__gt=now))
    rules = {(row.type_id or "", row.outcome): row.pk for row in CoolDown.objects.all()}
    sums: Counter[Any] = Counter(dict.fromkeys(rules.values(), 0))
    for type, outcome, count in quiet.values_list("type_id", "outcome").annotate(Count("id")).order_by():
        if (pk := rules.get((type, outcome), rules.get(("", outcome)))) is not None:
            sums[pk] += count
    return {
        pk: ngettext("%(n)d insight is quiet", "%(n)d insights are quiet", n) % {"n": n}
        if n
        else _("No insight is quiet")
        for pk, n in sums.items()
    }


def _keep_the_general(row: CoolDown, now: datetime) -> None:
    if row.type_id is None:
        raise HouseRuleRefused(_("The rule for all types stays. Set it to 0 days if nothing is to stay quiet."))


def days_in_words(row: CoolDown) -> str:
    if row.days is None:
        return _("Until the account is reactivated")
    if row.days == 0:
        return _("Not at all")
    return ngettext("%(n)d day", "%(n)d days", row.days) % {"n": row.days}


COOL_DOWNS = RuleKind(
    slug="cool-downs",
    title=gettext_lazy("Cool-downs"),
    text=gettext_lazy(
        "For how long the same insight about the same account opens no new task after one was closed. A score in a "
        "higher band or a new reason opens one all the same; so does a red line: a cancellation, a legal matter, a "
        "sponsor who left, a notice date that is near."
    ),
    one=gettext_lazy("cool-down"),
    counted=gettext_lazy("%(n)d rules, by outcome"),
    rows=lambda: CoolDown.objects.select_related("type").order_by("outcome", "type__name"),
    form=CoolDownForm,
    fixed=("outcome", "type"),
    fields=("days",),
    columns=(
        Column(gettext_lazy("Closed as"), lambda row: OutcomeKind(row.outcome).label),
        Column(gettext_lazy("Insight type"), lambda row: row.type.name if row.type else _("All types")),
        Column(gettext_lazy("Quiet for"), days_in_words),
    ),
    touches=_touched_by_cool_downs,
    later=gettext_lazy("What is closed from now on follows it. What is quiet already stays so until its day."),
    check_removal=_keep_the_general,
    instead=gettext_lazy("From now on the rule for all types holds. What is quiet already stays so until its day."),
    called=str,
)
