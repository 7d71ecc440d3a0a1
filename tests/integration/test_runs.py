"""Runs and the outbox: steps that fail, versions that do not change, mail that leaves once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import DatabaseError, transaction

from core.models import Act, Alert, Mail, User
from decisions.models import Item
from playbooks.enums import EffectStatus, RunStatus, StepKind
from playbooks.models import Effect, Playbook, PlaybookVersion, Run, RunStep, Step, Task
from playbooks.rules.steps import CLASS_OF
from playbooks.services.outbox import record_effects, retry_effect, send_effects
from playbooks.services.runs import (
    PublishRefused,
    RunRefused,
    advance_runs,
    draft_playbook,
    publish_playbook,
    start_run,
    stop_run,
)
from tests.factories import NOW, make_user
from tests.floor import Floor

pytestmark = pytest.mark.django_db


class Broken(BaseEmailBackend):
    """A mail server that is away."""

    def send_messages(self, email_messages: Any) -> int:
        raise ConnectionRefusedError("no mail server")


def test_a_step_that_cannot_be_done_stops_its_run_and_goes_to_a_person(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    floor.insight("0.8")
    monkeypatch.delitem(CLASS_OF, StepKind.EMAIL)
    monkeypatch.setitem(CLASS_OF, StepKind.EMAIL, "contact")
    advance_runs(NOW)
    run = Run.objects.get()
    assert (run.status, run.ended_why) == (RunStatus.STOPPED, "It needs a person's approval.")
    assert not Effect.objects.exists()
    task = Task.objects.get()
    assert (task.assignee, task.item, task.urgent) == (floor.ana, Item.objects.get(), False)
    assert "needs a person's approval" in task.text
    assert Alert.objects.get(kind="run_stopped").team == floor.team
    assert advance_runs(NOW) == 0


def test_a_step_of_a_leaver_goes_to_the_lead(floor: Floor) -> None:
    floor.insight("0.8")
    User.objects.filter(pk=floor.ana.pk).update(is_active=False)
    advance_runs(NOW)
    assert Task.objects.get().assignee == floor.lead
    assert Effect.objects.get().to == floor.lead


def test_runs_are_stopped_with_a_reason_and_started_by_hand(floor: Floor) -> None:
    floor.insight("0.8")
    run = Run.objects.get()
    for by, why in ((floor.lead, " "), (make_user("ida", role="leader"), "x"), (make_user("zoe"), "x")):
        with pytest.raises(RunRefused):
            stop_run(run_id=run.pk, by=by, why=why, now=NOW)
    assert stop_run(run_id=run.pk, by=floor.lead, why="They called us.", now=NOW).status == RunStatus.STOPPED
    assert Act.objects.get(verb="stopped", by=floor.lead).why == "They called us."
    again = start_run(item_id=run.item_id, playbook="churn-rescue", by=floor.lead, now=NOW)
    assert (again.automated, again.steps.count()) == (False, 2)
    with pytest.raises(RunRefused):
        start_run(item_id=run.item_id, playbook="churn-rescue", by=floor.lead, now=NOW)


def test_a_published_version_cannot_change(floor: Floor) -> None:
    version = PlaybookVersion.objects.get(playbook="churn-rescue")
    step = version.steps.first()
    assert step is not None
    for change in (
        lambda: Step.objects.filter(pk=step.pk).update(title="x"),
        lambda: Step.objects.filter(pk=step.pk).delete(),
        lambda: Step.objects.create(version=version, position=99, kind="wait", title="x"),
        lambda: PlaybookVersion.objects.filter(pk=version.pk).update(state="draft"),
    ):
        with pytest.raises(DatabaseError, match="is published"), transaction.atomic():
            change()


def test_publishing_asks_its_questions_and_new_runs_use_the_newest(floor: Floor) -> None:
    draft = draft_playbook(playbook="churn-rescue", by=floor.lead, now=NOW)
    assert (draft.number, draft.steps.count()) == (2, 4)
    assert draft_playbook(playbook="churn-rescue", by=floor.lead, now=NOW) == draft
    with pytest.raises(PublishRefused, match="owner"):
        publish_playbook(version_id=draft.pk, by=floor.lead, now=NOW)
    Playbook.objects.update(owner=floor.lead)
    Step.objects.filter(version=draft, kind="wait").update(business_hours=0)
    with pytest.raises(PublishRefused, match="wait"):
        publish_playbook(version_id=draft.pk, by=floor.lead, now=NOW)
    Step.objects.filter(version=draft).exclude(kind="task").delete()
    publish_playbook(version_id=draft.pk, by=floor.lead, now=NOW)
    floor.insight("0.8")
    assert Run.objects.get().version == draft


def test_mail_is_retried_with_the_same_id_then_given_up_and_told(floor: Floor, settings: Any) -> None:
    floor.insight("0.8")
    advance_runs(NOW)
    settings.EMAIL_BACKEND = "tests.integration.test_runs.Broken"
    moment = NOW
    for attempt in range(1, 6):
        assert send_effects(moment) == 1
        effect = Effect.objects.get()
        assert effect.attempts == attempt
        assert send_effects(moment) == 0
        moment += timedelta(hours=1)
    assert (effect.status, effect.last_error) == (EffectStatus.DEAD, "ConnectionRefusedError: no mail server")
    assert Alert.objects.get(kind="mail_dead").team == floor.team
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert send_effects(moment) == 0
    retry_effect(effect_id=effect.pk, now=moment)
    send_effects(moment)
    assert mail.outbox[0].extra_headers["Message-ID"] == f"<{effect.key}@effects.cx-ops.invalid>"


def test_a_crash_after_the_claim_sends_again_only_after_the_lease(floor: Floor) -> None:
    floor.insight("0.8")
    advance_runs(NOW)
    from playbooks.services import outbox

    assert outbox._claim(NOW) is not None
    assert send_effects(NOW) == 0
    Effect.objects.update(leased_until=NOW - timedelta(days=400))
    assert send_effects(NOW) == 1
    assert len(mail.outbox) == 1


def test_a_replayed_day_records_and_sends_nothing(floor: Floor) -> None:
    floor.insight("0.8")
    advance_runs(NOW)
    assert record_effects(NOW) == 1
    assert send_effects(NOW + timedelta(days=9)) == 0
    assert mail.outbox == []


def test_the_mailbox_keeps_a_message_once(floor: Floor, settings: Any) -> None:
    settings.EMAIL_BACKEND = "core.mail.MailboxBackend"
    floor.insight("0.8")
    advance_runs(NOW)
    send_effects(NOW)
    Effect.objects.update(status=EffectStatus.DUE, attempts=0, leased_until=None)
    send_effects(NOW)
    stored = Mail.objects.get()
    assert (stored.to, stored.subject) == (["ana@example.com"], "Churn risk at Acme")
    EmailMessage("Plain", "text", to=["bea@example.com"]).send()
    assert [message.subject for message in Mail.objects.visible_to(floor.bea)] == ["Plain"]
    assert Mail.objects.visible_to(make_user("ida", role="ops")).count() == 2


def test_two_engines_do_a_step_once(floor: Floor) -> None:
    floor.insight("0.8")
    advance_runs(NOW)
    assert RunStep.objects.filter(status="due").count() == 0
    assert (advance_runs(NOW), Effect.objects.count(), Task.objects.count()) == (0, 1, 1)
