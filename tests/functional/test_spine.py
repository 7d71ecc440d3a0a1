"""The spine, end to end: what an integration posts becomes accountable work, exactly once (issue 2, Shows 3)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.core import mail

from core.bulk import database_now
from core.models import Team, User
from cx_ops import pipeline
from cx_ops.invariants import broken_invariants
from decisions.models import Decision, Item
from decisions.queries.replay import replay_decisions
from intake.models import Source
from playbooks.models import Effect, Run, Task, Watch
from playbooks.services import send_effects
from tests.conftest import ApiClient
from tests.factories import make_organisation, make_team, make_user

pytestmark = pytest.mark.django_db


class Office:
    """Ana and Bea in one team, three accounts of Ana's, and an integration that scores them."""

    def __init__(self, api: ApiClient, source: Source) -> None:
        self.api = api
        self.team: Team = make_team("North")
        self.lead: User = make_user("lena", role="manager", team=self.team)
        self.team.lead = self.lead
        self.team.save()
        self.ana: User = make_user("ana", team=self.team, in_pool=True)
        self.bea: User = make_user("bea", team=self.team, in_pool=True)
        make_organisation(catch_all=self.lead)
        body = [{"external_id": f"A{n}", "name": f"Acme {n}", "csm": "ana"} for n in range(1, 6)]
        answer = api.send("/api/v1/accounts/bulk", body)
        assert answer.status_code == 200, answer.content

    def post(self, confidence: float, account: str = "A1", id: str = "", **more: Any) -> Any:
        now: datetime = database_now()
        return self.api.send(
            "/api/v1/insights",
            {
                "external_id": id or f"{account}-{confidence}",
                "type": "churn_risk",
                "account": {"external_id": account},
                "confidence": confidence,
                "model": "house-logit",
                "model_version": "1",
                "scored_at": more.pop("scored_at", now.isoformat()),
                **more,
            },
        )

    def work(self) -> None:
        pipeline.advance_all()
        pipeline.tick_all()


@pytest.fixture
def office(api: ApiClient, source: Source) -> Office:
    return Office(api, source)


def in_order() -> bool:
    return not any(broken_invariants().values()) and not any(replay_decisions())


def test_a_sure_one_is_a_task_of_the_right_csm_that_explains_itself(office: Office) -> None:
    assert office.post(0.93).status_code == 201
    office.work()
    task = Task.objects.get()
    assert task.assignee == office.ana
    assert task.decision is not None
    assert task.decision.owner_path[-1] == "csm of the account: ana"
    assert in_order()


def test_a_likely_one_is_a_run_whose_mail_leaves_once(office: Office) -> None:
    office.post(0.80)
    office.work()
    run = Run.objects.get()
    assert run.automated
    for _ in range(3):
        pipeline.tick_all()
        send_effects(database_now())
    assert Effect.objects.count() == 1
    assert [message.to for message in mail.outbox] == [["ana@example.com"]]
    assert in_order()


def test_a_middling_one_is_monitored_only(office: Office) -> None:
    office.post(0.60)
    office.work()
    assert Watch.objects.get().user == office.ana
    assert not Task.objects.exists()
    assert not Run.objects.exists()


def test_the_same_again_changes_nothing(office: Office) -> None:
    posts = [(0.93, "A1"), (0.80, "A2"), (0.60, "A3")]
    moment = database_now().isoformat()
    for confidence, account in posts:
        assert office.post(confidence, account, scored_at=moment).status_code == 201
    office.work()
    before = (Decision.objects.count(), Task.objects.count(), Run.objects.count(), len(mail.outbox))
    for confidence, account in posts:
        assert office.post(confidence, account, scored_at=moment).status_code == 200
    office.work()
    assert (Decision.objects.count(), Task.objects.count(), Run.objects.count(), len(mail.outbox)) == before


def test_when_the_owner_has_left_the_next_in_the_chain_gets_the_next_one(office: Office) -> None:
    User.objects.filter(pk=office.ana.pk).update(is_active=False)
    office.post(0.93)
    office.work()
    task = Task.objects.get()
    assert task.assignee == office.bea
    assert task.decision is not None
    assert "csm of the account: ana has left" in task.decision.owner_path
    assert in_order()


def test_what_came_before_its_account_is_parked_and_decided_when_it_arrives(office: Office) -> None:
    assert office.post(0.93, "LATE").status_code == 202
    office.work()
    assert not Decision.objects.exists()
    office.api.send("/api/v1/accounts/bulk", [{"external_id": "LATE", "name": "Late", "csm": "bea"}])
    office.work()
    assert Task.objects.get().assignee == office.bea
    assert in_order()


def test_taken_back_an_untouched_item_is_void(office: Office) -> None:
    id = office.post(0.93).json()["id"]
    office.work()
    answer = office.api.send(f"/api/v1/insights/{id}/retract", {"why": "wrong join"})
    assert answer.status_code in (200, 201), answer.content
    office.work()
    assert Item.objects.get().outcome == "retracted"
    assert Task.objects.get().outcome == "retracted"
    assert in_order()
