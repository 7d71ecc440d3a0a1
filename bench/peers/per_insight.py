"""Deciding as a Django project usually does: one Celery job per insight, row by row through the ORM.

The verdict is the same: the same rules are given the same facts. What differs is how facts are read and rows written.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from celery import shared_task
from django.db import transaction
from django.db.models import Q, Sum
from django.utils import timezone

from accounts.models import Account, AccountKey, Contact, Contract, Grant, LedgerEntry, RedLineFlag
from core.business_time import Hours, add_business_hours
from core.models import Absence, Act, Organisation, User
from decisions.enums import Response
from decisions.models import Decision, Item, KillSwitch, Stream
from decisions.queries.policies import policy_at
from decisions.rules.decide import Claim, Facts, ItemState, People, Person, Place, Stake, StreamState, Verdict, decide
from insights.models import Insight, InsightType, ModelVersion
from intake.models import Landed, Record
from playbooks.models import CapCounter, Inflow, Playbook, Run, RunStep, ServiceLevel, Task

encode = msgspec.json.Encoder(decimal_format="string").encode


@shared_task(name="bench.peers.per_insight.decide_one", acks_late=True)
def decide_one(record_id: str) -> None:
    """Everything about one landed record: whose it is, the insight, the decision, the task."""
    now = timezone.now()
    with transaction.atomic():
        landed = Landed.objects.select_for_update().filter(id=record_id).first()
        if landed is None:
            return
        insight = believe(landed, now)
        account = Account.objects.select_for_update(of=("self",)).select_related("team").get(id=insight.account_id)
        facts = facts_of(insight, account, now)
        policy = policy_at(now)
        verdict = decide(facts=facts, policy=policy, now=now)
        item = Item.objects.create(
            account=account, type=insight.type, response=verdict.response, confidence=insight.confidence,
            owner_id=verdict.owner.id if verdict.owner else None, reasons=[insight.reason], opened_at=now,
            expires_at=facts.claim.expires_at,
        )  # fmt: skip
        decision = write_decision(insight, item, facts, verdict, now)
        open_task(decision, item, account, verdict, now)
        landed.delete()


def believe(landed: Landed, now: datetime) -> Insight:
    """The insight of a record."""
    record = Record.objects.select_related("source").get(id=landed.id)
    key = AccountKey.objects.get(namespace_id=landed.about_namespace, kind=landed.about_kind, value=landed.about_value)
    claim: dict[str, Any] = record.payload
    ModelVersion.objects.get_or_create(
        source=record.source, model=claim["model"], version=claim["model_version"],
        defaults={"state": "checked", "first_seen_at": now},
    )  # fmt: skip
    return Insight.objects.create(
        id=record.id, account_id=key.account_id, type=InsightType.objects.get(slug=claim["type"]),
        source=record.source, model=claim["model"], model_version=claim["model_version"],
        external_id=record.external_id, confidence=Decimal(str(claim["confidence"])),
        probability=Decimal(str(claim["probability"])), horizon_days=claim["horizon_days"],
        scored_at=datetime.fromisoformat(claim["scored_at"]), reason=claim["reason"], factors=claim["factors"],
        talking_points=claim["talking_points"], accepted_at=record.landed_at,
    )  # fmt: skip


def facts_of(insight: Insight, account: Account, now: datetime) -> Facts:
    """What the decision depends on."""
    kind = insight.type
    scored = insight.scored_at
    return Facts(
        claim=Claim(
            kind.slug, insight.source.slug, insight.model, insight.confidence, scored,
            scored + timedelta(days=insight.horizon_days), scored + timedelta(days=kind.max_age_days),
            insight.probability, insight.reason,
        ),
        place=Place(account.tier, account.region, account.stage, account.segment),
        people=people_of(account, now),
        stake=stake_of(account, kind, now),
        stream=stream_of(insight),
        item=item_of(insight),
        red_lines=red_lines_of(account, now),
        switches=tuple(
            f"{switch.scope} {switch.value}".strip()
            for switch in KillSwitch.objects.select_for_update().filter(is_off=True)
        ),
    )  # fmt: skip


def people_of(account: Account, now: datetime) -> People:
    def person(user: User) -> Person:
        absence = Absence.objects.filter(user=user, active_from__lte=now, active_to__gt=now).first()
        return Person(str(user.id), user.username, "has left" if not user.is_active else "is away" if absence else "")

    roles = {held.role: person(held.user) for held in account.people.select_related("user")}
    organisation = Organisation.objects.select_related("catch_all").first()
    catch_all = organisation.catch_all if organisation else None
    team = account.team
    return People(
        by_role=roles,
        team=team.name if team else "",
        lead=person(team.lead) if team and team.lead else None,
        catch_all=person(catch_all) if catch_all else None,
    )


def stake_of(account: Account, kind: InsightType, now: datetime) -> Stake:
    revenue = account.arr_amount
    if revenue is None:
        year = LedgerEntry.objects.filter(account=account, happened_on__gt=now.date() - timedelta(days=365))
        revenue = year.aggregate(total=Sum("amount"))["total"]
    contract = Contract.objects.filter(account=account, notice_on__gte=now.date()).order_by("notice_on").first()
    days = (contract.notice_on - now.date()).days if contract and contract.notice_on else None
    return Stake(revenue, "yearly recurring revenue", kind.base_rate, kind.acting_share, days, "notice date")


def stream_of(insight: Insight) -> StreamState | None:
    row = Stream.objects.filter(
        account_id=insight.account_id, type_id=insight.type_id, source_id=insight.source_id, model=insight.model
    ).first()
    if row is None:
        return None
    return StreamState(
        model=row.model, band=Response(row.band), response=Response(row.response), bound=row.bound,
        entered_at=row.entered_at, scored_at=row.scored_at, expires_at=row.expires_at, lower_scores=row.lower_scores,
    )  # fmt: skip


def item_of(insight: Insight) -> ItemState | None:
    row = Item.objects.filter(account_id=insight.account_id, type_id=insight.type_id).order_by("-opened_at").first()
    if row is None:
        return None
    return ItemState(
        id=str(row.id), is_open=row.closed_at is None, response=Response(row.response), reasons=tuple(row.reasons)
    )


def red_lines_of(account: Account, now: datetime) -> tuple[str, ...]:
    standing = RedLineFlag.objects.filter(Q(until=None) | Q(until__gt=now), account=account, since__lte=now)
    lines = [flag.kind for flag in standing]
    if Contact.objects.filter(account=account, stakeholder="sponsor", left_on__gt=now - timedelta(days=90)).exists():
        lines.append("sponsor_left")
    soon = (now.date(), now.date() + timedelta(days=30))
    if Contract.objects.filter(account=account, ended_early_on=None, notice_on__range=soon).exists():
        lines.append("notice_date")
    return tuple(lines)


def write_decision(insight: Insight, item: Item, facts: Facts, verdict: Verdict, now: datetime) -> Decision:
    """The decision, and the memory of its stream."""
    state = verdict.stream
    assert state is not None
    Stream.objects.update_or_create(
        account_id=insight.account_id, type_id=insight.type_id, source_id=insight.source_id, model=insight.model,
        defaults={
            "response": state.response, "band": state.band, "bound": state.bound, "entered_at": state.entered_at,
            "lower_scores": state.lower_scores, "scored_at": state.scored_at, "expires_at": state.expires_at,
        },
    )  # fmt: skip
    return Decision.objects.create(
        insight=insight, account_id=insight.account_id, type=insight.type, confidence=insight.confidence,
        band_lower=verdict.band.lower, band_upper=verdict.band.upper, band_response=verdict.band.response,
        response=verdict.response, authority_version=1, ownership_version=1, owner_id=item.owner_id,
        owner_path=verdict.owner_path, reasons=verdict.reasons,
        priority=msgspec.json.decode(encode(verdict.priority)), item=item, playbook=verdict.playbook,
        inputs=msgspec.json.decode(encode(facts)), code_version="bench", decided_at=now,
    )  # fmt: skip


def open_task(decision: Decision, item: Item, account: Account, verdict: Verdict, now: datetime) -> None:
    """The task with its plan, within its owner's cap."""
    assert verdict.owner is not None
    assert verdict.priority is not None
    owner = User.objects.select_related("calendar").get(id=verdict.owner.id)
    level = ServiceLevel.objects.filter(tier__in=(account.tier, "")).order_by("-tier").first()
    counter, _ = CapCounter.objects.select_for_update().get_or_create(user=owner, on_day=now.date())
    lane = "now" if counter.taken < owner.daily_cap else "later"
    counter.taken += lane == "now"
    counter.save()
    inflow, _ = Inflow.objects.select_for_update().get_or_create(origin=decision.insight.source_id, on_day=now.date())
    inflow.opened += 1
    inflow.save()
    hours = Hours()
    acknowledge_by = add_business_hours(now, level.acknowledge_hours if level else 4, hours)
    task = Task.objects.create(
        account=account, type=decision.type, item=item, decision=decision, run=start_plan(decision, item, owner, now),
        title=f"{decision.type}: {account}", lane=lane, assignee=owner, team=account.team, urgent=True,
        priority=verdict.priority.value, priority_parts=decision.priority, due_at=acknowledge_by,
        acknowledge_by=acknowledge_by, touch_by=add_business_hours(now, level.touch_hours if level else 8, hours),
        expires_at=item.expires_at, opened_at=now,
    )  # fmt: skip
    if not account.people.filter(user=owner).exists():
        Grant.objects.get_or_create(account=account, user=owner)
    Act.objects.create(verb="opened", subject_type="task", subject_id=str(task.id), actor="dispatch", at=now)


def start_plan(decision: Decision, item: Item, owner: User, now: datetime) -> Run | None:
    """The playbook as the owner's check-list."""
    playbook = Playbook.objects.filter(slug=decision.playbook, is_active=True).first()
    version = playbook and playbook.versions.filter(state="published").order_by("-number").first()
    if not version:
        return None
    run = Run.objects.create(
        version=version, item=item, account_id=decision.account_id, insight=decision.insight, owner=owner,
        automated=False, started_at=now,
    )  # fmt: skip
    for step in version.steps.filter(kind="task"):
        due_at = add_business_hours(now, step.business_hours, Hours())
        RunStep.objects.create(run=run, step=step, status="open", due_at=due_at)
    return run
