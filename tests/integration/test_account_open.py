"""What the account page says is open, of whom it is, and what became of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.services.merging import merge_accounts
from core.bulk import database_now
from cx_ops.account_timeline import load_timeline
from playbooks.models import Task
from playbooks.queries.merged import merged_into
from playbooks.queries.task_page import load_task_page
from playbooks.services.closing import close_task, merge_task
from playbooks.services.stepping import advance_runs
from tests.factories import NOW, make_contract, make_user
from tests.floor import Floor, signed_in

pytestmark = pytest.mark.django_db


def test_a_run_is_told_with_its_task_and_by_itself_once_that_is_done(floor: Floor) -> None:
    floor.insight("0.8")
    advance_runs(NOW)
    [task] = Task.objects.active()
    address = f"/accounts/{floor.account.pk}/"
    page = signed_in(floor.ana).get(address)
    assert page.context["page"].open_count == 1
    words = page.content.decode()
    assert "a step of Churn rescue, which runs by itself" in words
    assert "in your queue, under" in words
    assert "in Ana’s queue, under" in signed_in(floor.lead).get(address).content.decode()
    close_task(task_id=task.pk, by=floor.ana, version=task.version, outcome="completed", now=NOW)
    page = signed_in(floor.ana).get(address)
    assert page.context["page"].open_count == 1
    assert "Running by itself" in page.content.decode()
    assert "Step done" in [entry.title for entry in load_timeline(floor.account).entries]


def test_steps_that_nobody_did_are_not_done_when_the_task_is_closed(floor: Floor) -> None:
    task = floor.task("0.95")
    assert load_task_page(task.pk, user=floor.ana, now=NOW).steps
    close_task(task_id=task.pk, by=floor.ana, version=task.version, outcome="lost", reason="price", now=NOW)
    page = load_task_page(task.pk, user=floor.ana, now=NOW + timedelta(hours=1))
    assert (page.steps_done, {step.is_left for step in page.steps}) == (0, {True})
    shown = signed_in(floor.ana).get(f"/tasks/{task.pk}/").content.decode()
    assert "not done" in shown
    assert "the task stays open" not in shown


def test_a_step_that_was_never_come_to_is_not_done_once_the_playbook_has_ended(floor: Floor) -> None:
    floor.insight("0.8")
    advance_runs(NOW)
    [task] = Task.objects.active()
    before = load_task_page(task.pk, user=floor.ana, now=NOW)
    assert any(step.run_step_id is None and not step.is_left for step in before.steps)
    close_task(task_id=task.pk, by=floor.ana, version=task.version, outcome="lost", reason="price", now=NOW)
    page = load_task_page(task.pk, user=floor.ana, now=NOW + timedelta(hours=1))
    assert all(step.is_done or step.is_left for step in page.steps)
    ended = {step.ended_as for step in page.steps if step.run_step_id == task.run_step_id}
    assert ended == {"Customer lost"}, "of the step that the task is"


def test_a_merged_task_names_the_one_that_it_went_into(floor: Floor) -> None:
    floor.insight("0.8")
    advance_runs(NOW)
    [step] = Task.objects.active()
    later = NOW + timedelta(days=1)
    person = floor.task("0.95", now=later)
    page = load_task_page(step.pk, user=floor.ana, now=later)
    assert (page.task.status, page.task.outcome, page.merged_into) == ("merged", "handed_to_human", person)
    assert f'href="/tasks/{person.pk}/"' in signed_in(floor.ana).get(f"/tasks/{step.pk}/").content.decode()
    other = floor.task("0.95", type_id="expansion_signal", now=later)
    merge_task(task_id=person.pk, into=other.pk, by=floor.ana, version=person.version, now=later)
    assert load_task_page(person.pk, user=floor.ana, now=later).merged_into == other
    assert load_task_page(other.pk, user=floor.ana, now=later).merged_into is None


def test_what_two_accounts_both_had_names_the_one_that_goes_on(floor: Floor) -> None:
    double = floor.new_account("Acme Inc")
    kept, gone = floor.task("0.95"), floor.task("0.95", account=double)
    merge_accounts(survivor_id=floor.account.pk, merged_id=double.pk, why="one firm", by=floor.lead, now=NOW)
    gone.refresh_from_db()
    assert gone.status == "merged"
    assert merged_into(gone, floor.lead) == kept
    assert merged_into(gone, make_user("cleo")) is None


def test_an_account_that_a_team_shares_lacks_nobody(floor: Floor) -> None:
    """None on purpose is no gap; where there is no team either, nobody looks after it."""
    shared = floor.new_account("Shared", csm=None, team=floor.team)
    make_contract(shared, ends_on=database_now().date() + timedelta(days=60))
    client = signed_in(floor.lead)
    page = client.get(f"/accounts/{shared.pk}/")
    assert "who looks after it" not in page.context["page"].gaps
    assert "North, shared" in page.content.decode()
    for path in ("/portfolio/", "/renewals/"):
        assert "North, shared" in client.get(path).content.decode()
    nobody = floor.new_account("Nobody", csm=None)
    page = signed_in(floor.bea).get(f"/accounts/{nobody.pk}/")
    assert page.status_code == 404 or "who looks after it" in page.context["page"].gaps
