"""The decide stage on a real database: one decision each, remembered and replayable."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet

from core.handing import Handed
from core.models import Absence, Batch, DeadLetter, User
from core.stages import Stage, leave
from decisions.enums import OutcomeKind
from decisions.models import AuthorityBand, Decided, Decision, Item, OwnershipPolicy, Stream
from decisions.queries.replay import replay_decisions
from decisions.services import (
    PolicyRefused,
    close_item,
    decide_insights,
    draft_authority,
    draft_ownership,
    publish_policy,
    throw_switch,
)
from insights.models import Believed, Insight
from tests.factories import NOW, make_account, make_insight, make_organisation, make_source, make_team, make_user

pytestmark = pytest.mark.django_db
DECIDE = Stage("decide", Believed, decide_insights)


class Desk:
    """A team of two with a lead, a catch-all, a source, and an account of Ana's."""

    def __init__(self) -> None:
        self.team = make_team("North")
        self.ana = make_user("ana", team=self.team, in_pool=True)
        self.bea = make_user("bea", team=self.team, in_pool=True)
        self.lead = make_user("lena", role="manager", team=self.team)
        self.team.lead = self.lead
        self.team.save()
        self.catch_all = make_user("omar", role="ops")
        make_organisation(catch_all=self.catch_all)
        self.source = make_source("house")
        self.account = make_account("Acme", csm=self.ana, source=self.source, arr_amount=100_000, arr_currency="USD")

    def decide(self, confidence: str = "0.93", now: Any = NOW, **fields: Any) -> Decision:
        insight = make_insight(fields.pop("account", self.account), confidence, source=self.source, **fields)
        while DECIDE.advance(now):
            pass
        return Decision.objects.get(insight=insight)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize(
    ("confidence", "response", "act"),
    [("0.93", "human", "task"), ("0.8", "automated", "run"), ("0.6", "monitor", "watch"), ("0.2", "record", None)],
)
def test_each_band_leaves_its_act(desk: Desk, confidence: str, response: str, act: str | None) -> None:
    decision = desk.decide(confidence)
    assert decision.response == response
    assert [row.act for row in Decided.objects.all()] == ([act] if act else [])
    assert Item.objects.filter(closed_at=None).count() == (1 if act in ("task", "run") else 0)
    assert not Believed.objects.exists()
    assert not Batch.objects.filter(stage="decide").exists()


def test_the_row_alone_explains_itself(desk: Desk) -> None:
    decision = desk.decide()
    assert decision.owner == desk.ana
    assert decision.owner_path == [
        "matrix version 1: churn_risk × all segments → csm",
        "csm of the account: ana",
    ]
    assert decision.reasons == ["confidence 0.93 is in [0.9, 1]: human (authority version 1, churn_risk, all tiers)"]
    assert decision.inputs["stake"]["revenue"] == "100000.00"
    assert list(replay_decisions()) == [[]]


def test_many_for_one_account_are_decided_in_the_order_of_their_scores(desk: Desk) -> None:
    first = make_insight(desk.account, "0.8", source=desk.source, scored_at=NOW - timedelta(hours=3))
    third = make_insight(desk.account, "0.95", source=desk.source, scored_at=NOW - timedelta(hours=1))
    second = make_insight(desk.account, "0.6", source=desk.source, scored_at=NOW - timedelta(hours=2))
    while DECIDE.advance(NOW):
        pass
    verdicts = {d.insight_id: (d.response, d.suppressed_by) for d in Decision.objects.all()}
    assert verdicts == {
        first.id: ("automated", ""),
        second.id: ("automated", "dwell"),
        third.id: ("human", ""),
    }
    item = Item.objects.get()
    assert (item.response, item.evidence_count) == ("human", 3)
    assert list(Decided.objects.order_by("id").values_list("act", flat=True)) == ["run", "upgrade", "evidence"]
    assert all(not differences for differences in replay_decisions())


def test_what_is_handed_on_is_decided_with_what_waits_for_the_same_account(desk: Desk) -> None:
    waiting = make_insight(desk.account, "0.8", source=desk.source, scored_at=NOW - timedelta(hours=3))
    handed = make_insight(desk.account, "0.6", source=desk.source, scored_at=NOW - timedelta(hours=2))
    other = make_insight(make_account("Other", csm=desk.ana), "0.6", source=desk.source)
    Believed.objects.filter(id=handed.id).delete()
    believed = Handed("decide", Believed)
    believed.take(["account_id"], [(str(handed.id), str(desk.account.id))])
    with transaction.atomic():
        decide_insights(believed, NOW)
    verdicts = {d.insight_id: (d.response, d.suppressed_by) for d in Decision.objects.all()}
    assert verdicts == {waiting.id: ("automated", ""), handed.id: ("automated", "dwell")}
    assert [row.id for row in Believed.objects.all()] == [other.id]


def test_a_score_that_comes_late_is_recorded_as_stale(desk: Desk) -> None:
    desk.decide("0.95", scored_at=NOW - timedelta(hours=1))
    late = desk.decide("0.99", scored_at=NOW - timedelta(days=1))
    assert (late.response, late.suppressed_by) == ("record", "stale")


def test_one_decision_per_insight_is_held_by_the_database(desk: Desk) -> None:
    decision = desk.decide()
    leave(Believed, ["account_id"], [(decision.insight_id, desk.account.id)], stage="decide")
    for _ in range(8):
        Batch.objects.update(next_attempt_at=NOW - timedelta(days=9))
        DECIDE.advance(NOW)
    assert Decision.objects.count() == 1
    assert DeadLetter.objects.get().record_id == decision.insight_id


def test_poison_is_isolated_and_everybody_else_is_decided(desk: Desk) -> None:
    good = [make_account(csm=desk.ana) for _ in range(9)]
    rows = [make_insight(account, source=desk.source) for account in (*good, desk.account)]
    Batch.objects.filter(stage="decide").delete()
    poison = rows[4]
    Believed.objects.all().delete()
    leave(Believed, ["account_id"], [(row.id, row.account_id) for row in rows], stage="decide")

    def work(batch: list[Believed], now: Any) -> None:
        if any(row.id == str(poison.id) for row in batch):
            raise ValueError("poison")
        decide_insights(batch, now)

    stage = Stage("decide", Believed, work)
    for _ in range(40):
        Batch.objects.update(next_attempt_at=NOW - timedelta(days=9))
        stage.advance(NOW)
    assert Decision.objects.count() == 9
    assert DeadLetter.objects.get().record_id == poison.id


def test_the_leaver_is_passed_over(desk: Desk) -> None:
    User.objects.filter(pk=desk.ana.pk).update(is_active=False)
    decision = desk.decide()
    assert decision.owner == desk.bea
    assert "csm of the account: ana has left" in decision.owner_path


def test_somebody_away_is_passed_over_until_they_are_back(desk: Desk) -> None:
    Absence.objects.create(user=desk.ana, active_from=NOW - timedelta(days=1), active_to=NOW + timedelta(days=1))
    assert desk.decide().owner == desk.bea
    other = make_account("Other", csm=desk.ana)
    assert desk.decide(account=other, now=NOW + timedelta(days=1)).owner == desk.ana


def test_the_pool_is_filled_evenly_within_one_batch(desk: Desk) -> None:
    carl = make_user("carl", team=desk.team, in_pool=True)
    for _ in range(6):
        make_insight(make_account(team=desk.team), source=desk.source)
    while DECIDE.advance(NOW):
        pass
    owners = list(Decision.objects.values_list("owner__username", flat=True))
    assert sorted(owners) == ["ana", "ana", "bea", "bea", carl.username, carl.username]


def test_nobody_in_the_chain_leaves_a_visible_unassigned_item(desk: Desk) -> None:
    User.objects.update(is_active=False)
    decision = desk.decide()
    assert decision.owner is None
    assert "unassigned" in decision.owner_path[-1]
    assert Item.objects.get().owner is None


def test_cool_down_depends_on_the_outcome(desk: Desk) -> None:
    desk.decide()
    close_item(item_id=Item.objects.get().id, outcome=OutcomeKind.NO_RESPONSE, now=NOW)
    week = NOW + timedelta(days=7)
    during = desk.decide("0.94", now=week - timedelta(minutes=1), scored_at=week - timedelta(hours=1))
    assert (during.response, during.suppressed_by) == ("human", "cool_down")
    after = desk.decide("0.94", now=week, scored_at=week - timedelta(minutes=30))
    assert after.suppressed_by == ""
    assert Item.objects.filter(closed_at=None).count() == 1


def test_a_thrown_switch_stops_automation(desk: Desk) -> None:
    throw_switch(scope="type", value="churn_risk", off=True, by=desk.lead, why="vendor went wild", now=NOW)
    decision = desk.decide("0.8")
    assert (decision.response, decision.suppressed_by) == ("automated", "kill_switch")
    assert not Item.objects.exists()


def test_streams_remember_per_model(desk: Desk) -> None:
    desk.decide("0.93")
    desk.decide("0.2", model="vendor-gbm")
    assert dict(Stream.objects.values_list("model", "response")) == {"house-logit": "human", "vendor-gbm": "record"}


def _delete_and_check(rows: QuerySet[AuthorityBand]) -> None:
    rows.delete()
    connection.check_constraints()


class TestPublishing:
    def test_a_published_draft_decides_from_then_on(self, desk: Desk) -> None:
        draft = draft_authority(by=desk.lead, now=NOW)
        AuthorityBand.objects.filter(policy=draft, type_id="churn_risk", response="human").update(lower="0.95")
        publish_policy(draft, by=desk.lead, now=NOW)
        assert desk.decide("0.93").response == "automated"
        before = desk.decide("0.93", now=NOW - timedelta(minutes=1), account=make_account("Before", csm=desk.ana))
        assert (before.response, before.authority_version) == ("human", 1)
        assert all(not differences for differences in replay_decisions())

    def test_a_hole_is_refused_in_words_and_nothing_is_published(self, desk: Desk) -> None:
        draft = draft_authority(by=desk.lead, now=NOW)
        with pytest.raises(IntegrityError, match="leave a hole"), transaction.atomic():
            _delete_and_check(AuthorityBand.objects.filter(policy=draft, type_id=None, lower=0))
        matrix = draft_ownership(by=desk.lead, now=NOW)
        matrix.cells.filter(type=None).delete()
        with pytest.raises(PolicyRefused, match="hole"):
            publish_policy(matrix, by=desk.lead, now=NOW)
        assert OwnershipPolicy.objects.get(state="published").version == 1

    def test_a_csm_may_not(self, desk: Desk) -> None:
        with pytest.raises(PolicyRefused):
            draft_authority(by=desk.ana, now=NOW)

    def test_published_rows_cannot_be_changed(self, desk: Desk) -> None:
        with pytest.raises(IntegrityError, match="published"), transaction.atomic():
            AuthorityBand.objects.filter(policy=1).update(lower="0.1")


def test_decisions_and_insights_are_append_only(desk: Desk) -> None:
    decision = desk.decide()
    for rows in (Decision.objects.filter(pk=decision.pk), Insight.objects.filter(pk=decision.pk)):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            rows.update(confidence="0.1")
