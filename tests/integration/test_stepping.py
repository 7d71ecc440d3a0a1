"""The engine with many steps at once: what one step does, a thousand do; what one cannot do stops only its own run."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from core.models import Act, Alert, User
from decisions.enums import SwitchScope
from decisions.models import Item
from decisions.services import throw_switch
from playbooks.enums import EffectStatus, RunStatus, RunStepStatus
from playbooks.models import Effect, PlaybookVersion, Run, RunStep, Step, Task
from playbooks.services import stepping
from playbooks.services.runs import advance_runs
from tests.factories import NOW, make_insight
from tests.floor import Floor

pytestmark = pytest.mark.django_db


def start(floor: Floor, count: int) -> list[Run]:
    """So many automated runs that begin with an e-mail, each on an account of its own."""
    known = set(Run.objects.values_list("pk", flat=True))
    for _ in range(count):
        make_insight(floor.new_account(), "0.8", source=floor.source)
    floor.work()
    return list(Run.objects.exclude(pk__in=known).order_by("account__name"))


def publish_mail_only() -> None:
    """From now on a churn rescue is one e-mail."""
    version = PlaybookVersion.objects.create(playbook_id="churn-rescue", number=2)
    Step.objects.create(version=version, position=1, kind="email", title="Look at {account}")
    PlaybookVersion.objects.filter(pk=version.pk).update(state="published", published_at=NOW)


def test_more_steps_take_no_more_queries(floor: Floor) -> None:
    counts = []
    for runs in (2, 20):
        start(floor, runs)
        with CaptureQueriesContext(connection) as queries:
            assert advance_runs(NOW) == 2 * runs
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_chains_are_followed_over_many_batches(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = start(floor, 5)
    monkeypatch.setattr(stepping, "BATCH", 2)
    assert advance_runs(NOW) == 10
    assert set(Effect.objects.values_list("run_step__run", flat=True)) == {run.pk for run in runs}
    assert set(Task.objects.values_list("run", flat=True)) == {run.pk for run in runs}
    assert RunStep.objects.filter(status=RunStepStatus.DONE, done_at=NOW, done_by=None).count() == 5
    assert Act.objects.filter(verb="wrote", subject_type="effect", actor="playbooks").count() == 5
    assert advance_runs(NOW) == 0


def test_a_step_that_the_database_refuses_stops_only_its_own_run(floor: Floor) -> None:
    bad, *good = start(floor, 7)
    step = bad.steps.get()
    # An effect with the key of the step is there already: it cannot be written a second time.
    Effect.objects.create(key=str(step.pk), address="x@example.com", subject="x", body="x", not_before=NOW)
    assert advance_runs(NOW) == 7 + 6
    bad.refresh_from_db()
    assert bad.status == RunStatus.STOPPED
    assert "duplicate key" in bad.ended_why
    assert set(Run.objects.filter(status=RunStatus.LIVE)) == set(good)
    assert Effect.objects.exclude(subject="x").count() == 6
    task = Task.objects.get(run_step=None)
    assert (task.item_id, task.assignee, task.run, task.flag) == (
        bad.item_id, floor.ana, None, "Its playbook stopped: go on by hand."
    )  # fmt: skip
    assert Act.objects.get(verb="stopped").subject_id == str(bad.pk)
    assert advance_runs(NOW) == 0


def test_a_mail_to_nobody_stops_its_run_and_tells_its_team(floor: Floor) -> None:
    orphan, other = start(floor, 2)
    User.objects.filter(pk__in=[floor.lead.pk, User.objects.get(username="omar").pk]).update(is_active=False)
    Run.objects.filter(pk=orphan.pk).update(owner=None)
    assert advance_runs(NOW) == 3
    orphan.refresh_from_db()
    assert (orphan.status, Effect.objects.get(run_step__run=other).to) == (RunStatus.STOPPED, floor.ana)
    assert Effect.objects.count() == 1
    assert "nobody to write to" in orphan.ended_why
    assert Task.objects.get(item=orphan.item_id).assignee is None
    assert Alert.objects.get(kind="run_stopped").team == floor.team


def test_the_last_step_ends_the_run_and_closes_its_item(floor: Floor) -> None:
    publish_mail_only()
    first, second = start(floor, 2)
    Task.objects.create(account=second.account, item=second.item, title="By hand", due_at=NOW, opened_at=NOW)
    assert advance_runs(NOW) == 2
    assert set(Run.objects.values_list("status", "ended_why", "ended_at")) == {("done", "all steps done", NOW)}
    assert Act.objects.filter(verb="finished", subject_type="run").count() == 2
    closed = Item.objects.get(pk=first.item_id)
    assert (closed.outcome, closed.closed_at) == ("completed", NOW)
    assert Item.objects.get(pk=second.item_id).closed_at is None
    assert set(Effect.objects.values_list("status", flat=True)) == {EffectStatus.DUE}


def test_a_switch_stops_its_runs_and_no_others(floor: Floor) -> None:
    risks = start(floor, 3)
    make_insight(floor.new_account(), "0.8", source=floor.source, type_id="engagement_opportunity")
    floor.work()
    throw_switch(scope=SwitchScope.TYPE, value="churn_risk", off=True, why="checking", by=floor.lead, now=NOW)
    assert advance_runs(NOW) == 3 + 2
    assert set(Run.objects.filter(status=RunStatus.STOPPED)) == set(risks)
    assert set(Run.objects.filter(pk__in=[run.pk for run in risks]).values_list("ended_why", flat=True)) == {
        "switched off: type churn_risk"
    }
    assert set(Item.objects.exclude(closed_at=None).values_list("outcome", flat=True)) == {"handed_to_human"}
    assert Alert.objects.get(kind="automation_off").data == {"count": 3}
    assert Effect.objects.count() == 1


def test_a_run_keeps_the_version_it_started_with(floor: Floor) -> None:
    (run,) = start(floor, 1)
    publish_mail_only()
    assert advance_runs(NOW + timedelta(hours=1)) == 2
    assert Task.objects.get(run=run).title == "Call the main contact about what changed"


def test_a_leavers_mail_goes_to_the_lead_but_names_the_owner(floor: Floor) -> None:
    start(floor, 1)
    User.objects.filter(pk=floor.ana.pk).update(is_active=False)
    Account.objects.update(name="Acme {owner}")
    advance_runs(NOW)
    effect = Effect.objects.get()
    assert (effect.to, effect.address) == (floor.lead, "lena@example.com")
    assert effect.subject == "Churn risk at Acme Ana"
