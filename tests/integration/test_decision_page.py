"""The page of a decision that was held back says what comes of it, and what an insight of one's own leads to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from core.bulk import database_now
from decisions.enums import OutcomeKind
from decisions.models import Decision, Item
from insights.models import InsightType
from playbooks.models import Task
from playbooks.services.tasks import close_task
from tests.factories import NOW, make_insight, make_source
from tests.floor import Floor, signed_in

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def page(client: Client, decision: Decision) -> str:
    return client.get(f"/decisions/{decision.pk}/").content.decode()


@pytest.fixture
def cooled(floor: Floor) -> tuple[Task, Decision]:
    """A task that was closed, and a signal of the same kind during the cool-down after it."""
    task = floor.task("0.95")
    closed: dict[str, Any] = {"outcome": OutcomeKind.NO_RESPONSE, "note": "Nobody answers"}
    close_task(task_id=task.pk, by=floor.ana, version=task.version, now=NOW + DAY, **closed)
    floor.work(NOW + DAY)
    decision = floor.insight("0.93", now=NOW + 2 * DAY)
    assert decision.suppressed_by == "cool_down"
    return task, decision


def test_a_cool_down_says_whether_it_still_holds(floor: Floor, cooled: tuple[Task, Decision]) -> None:
    client, item = signed_in(floor.ana), Item.objects.filter(pk=cooled[1].item_id)
    ends = database_now() + 3 * DAY
    for until, quiet, words in (
        (ends, True, "The cool-down holds until"), (ends - 4 * DAY, True, "The cool-down ended on"),
        (None, True, "quiet until the customer is won back"), (None, False, "The cool-down is over."),
    ):  # fmt: skip
        item.update(quiet_until=until, quiet=quiet)
        assert words in page(client, cooled[1])


def test_what_was_held_back_leads_to_what_was_done_before_and_to_a_task(
    floor: Floor, cooled: tuple[Task, Decision]
) -> None:
    task, decision = cooled
    body = page(signed_in(floor.ana), decision)
    assert f'href="/tasks/{task.pk}/"' in body
    assert "No response · Ana" in body
    assert f'href="/tasks/new/{floor.account.pk}/"' in body
    assert 'href="/policies/ownership/"' not in body
    assert 'href="/house-rules/cool-downs/"' in page(signed_in(floor.lead), decision)


def test_what_is_raised_by_hand_is_told_of_the_cool_down(floor: Floor, cooled: tuple[Task, Decision]) -> None:
    url, item = f"/accounts/{floor.account.pk}/insight/", Item.objects.filter(pk=cooled[1].item_id)
    assert "quiet until" not in signed_in(floor.ana).get(url).content.decode()
    item.update(quiet_until=database_now() + 3 * DAY)
    page = signed_in(floor.ana).get(url).content.decode()
    assert "closed as “No response” on" in page
    assert "nothing new" in page
    item.update(quiet_until=None)
    assert "quiet until the customer is won back" in signed_in(floor.ana).get(url).content.decode()


def test_what_came_after_a_task_was_closed_is_no_ground_of_it(floor: Floor, cooled: tuple[Task, Decision]) -> None:
    Task.objects.filter(pk=cooled[0].pk).update(evidence_count=2)
    assert "after it was closed" in signed_in(floor.ana).get(f"/tasks/{cooled[0].pk}/").content.decode()


def test_of_an_opportunity_the_chance_is_what_comes_of_acting(floor: Floor) -> None:
    decision = floor.insight("0.95", type_id="expansion_signal")
    assert "Chance that it comes off if somebody acts" in page(signed_in(floor.ana), decision)
    assert "Chance that it happens if nobody acts" in page(signed_in(floor.ana), floor.insight("0.95"))


def test_what_opened_a_task_leads_to_it(floor: Floor) -> None:
    task = floor.task("0.95")
    body = page(signed_in(floor.ana), Decision.objects.get(pk=task.decision_id))
    assert "A task was opened for its owner." in body
    assert f'href="/tasks/{task.pk}/"' in body
    assert f'href="/tasks/new/{floor.account.pk}/"' not in body


def test_a_lower_score_that_does_not_count_yet_says_what_stays(floor: Floor) -> None:
    task = floor.task("0.95")
    decision = floor.insight("0.75", now=NOW + 2 * DAY)
    assert decision.suppressed_by == "dwell"
    body = page(signed_in(floor.ana), decision)
    assert "Churn risk: still human action" in body
    assert "It stays “human action”" in body
    assert "else it would have been" not in body
    assert "About the same, open" in body
    assert f'href="/tasks/{task.pk}/"' in body


def test_a_person_who_takes_over_from_a_playbook_is_told_so(floor: Floor) -> None:
    floor.insight("0.80")
    body = page(signed_in(floor.ana), floor.insight("0.95", now=NOW + DAY))
    assert "The playbook that was running stopped, and a task was opened for its owner." in body
    assert "Still open" in body


def test_a_record_looks_for_no_owner(floor: Floor) -> None:
    body = page(signed_in(floor.ana), floor.insight("0.20"))
    assert "Nobody yet" not in body


def test_what_was_only_recorded_can_become_a_task(floor: Floor) -> None:
    body = page(signed_in(floor.ana), floor.insight("0.20"))
    assert "It is kept as a record." in body
    assert f'href="/tasks/new/{floor.account.pk}/"' in body


def test_what_is_added_to_an_open_task_names_it(floor: Floor) -> None:
    task = floor.task("0.95")
    decision = floor.insight("0.94", now=NOW + DAY)
    body = page(signed_in(floor.ana), decision)
    assert "It was added as evidence to what was being done already." in body
    assert f'href="/tasks/{task.pk}/"' in body


def test_who_raises_an_insight_sees_what_each_answer_leads_to(floor: Floor) -> None:
    """And who gets the work: whoever it would be given to now."""
    client, path = signed_in(floor.lead), f"/accounts/{floor.account.pk}/insight/"
    body = client.get(path).content.decode()
    assert "goes to Ana<" in body
    floor.ana.is_active = False
    floor.ana.save()
    assert "goes to the pool of North<" in client.get(path).content.decode()
    assert '<optgroup label="Good news">' in body
    for name in InsightType.objects.filter(is_active=True).values_list("name", flat=True):
        assert f">{name}<small" in body
    row = body.partition(">Churn risk<small")[2].partition("</tr>")[0]
    said = ["recorded", "watched", "playbook", "task"]
    assert [words for words in said if f">{words}<" in row] == said[1:]


def test_a_task_names_who_raised_its_other_signals(floor: Floor) -> None:
    task = floor.task()
    said = {"model": "person", "model_version": "1", "scored_at": NOW + timedelta(hours=1)}
    make_insight(floor.account, "0.96", source=make_source("kim", person=floor.ana), **said)
    make_insight(floor.account, "0.97", source=floor.source, scored_at=NOW + timedelta(hours=2))
    floor.work(NOW + timedelta(hours=3))
    body = signed_in(floor.ana).get(f"/tasks/{task.pk}/").content.decode()
    assert "Kim, confidence" in body
    assert "house-logit 1, confidence" in body
    assert "person 1" not in body
