"""Leavers and absences: everything goes to others, nothing is left, and an undo puts it back exactly."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account, AccountPerson
from core.models import Absence, Act, Organisation, Team, User
from decisions.models import Item
from playbooks.enums import Held, TakesAs
from playbooks.models import Playbook, Run, Task, Watch
from playbooks.services.leaving import (
    CannotTakeBack,
    WorkLeft,
    deactivate_user,
    go_away,
    hand_over,
    preview_hand_over,
    undo_hand_over,
)
from playbooks.services.taking import TaskRefused
from playbooks.services.tasks import acknowledge_task
from tests.factories import NOW, make_insight, make_user
from tests.floor import Floor

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def floor(db: None) -> Floor:
    """Ana has three tasks, one acknowledged, a run, a watched account, four roles, a playbook and a source."""
    floor = Floor()
    tasks = [floor.task(account=floor.new_account(f"Co{n}")) for n in range(3)]
    acknowledge_task(task_id=tasks[0].pk, by=floor.ana, now=NOW)
    make_insight(floor.new_account("Runco"), "0.8", source=floor.source)
    make_insight(floor.account, "0.6", source=floor.source)
    floor.work()
    Playbook.objects.filter(slug="churn-rescue").update(owner=floor.ana)
    floor.source.owner = floor.ana
    floor.source.save()
    return floor


def state() -> dict[str, Any]:
    """Everything that names a person and can be handed over."""
    return {
        "tasks": sorted(Task.objects.values_list("id", "assignee", "acknowledged_at")),
        "items": sorted(Item.objects.values_list("id", "owner")),
        "runs": sorted(Run.objects.values_list("id", "owner")),
        "roles": sorted(AccountPerson.objects.values_list("id", "account", "role", "user")),
        "watches": sorted(Watch.objects.values_list("id", "user")),
        "playbooks": sorted(Playbook.objects.exclude(owner=None).values_list("slug", "owner")),
        "catch_all": Organisation.objects.get().catch_all_id,
    }


def counts(floor: Floor, **asked: Any) -> dict[str, int]:
    return {group.held.value: group.count for group in preview_hand_over(user=floor.ana, now=NOW, **asked)}


ALL = {"tasks": 3, "runs": 1, "roles": 5, "watches": 1, "owned": 2}


def test_the_preview_counts_everything_and_changes_nothing(floor: Floor) -> None:
    before = state()
    assert counts(floor) == ALL
    assert state() == before


def test_all_goes_along_the_chain_and_comes_back_exactly(floor: Floor) -> None:
    before = state()
    shown = {group.held: dict(group.to) for group in preview_hand_over(user=floor.ana, now=NOW)}
    act = hand_over(user=floor.ana, by=floor.lead, why="New job", now=NOW)
    assert counts(floor) == {}
    assert act.data["counts"] == ALL
    assert shown[Held.TASKS] == {floor.bea: 3}
    assert set(Task.objects.values_list("assignee", flat=True)) == {floor.bea.pk}
    assert set(Item.objects.values_list("owner", flat=True)) == {floor.bea.pk}
    assert not Task.objects.exclude(acknowledged_at=None).exists(), "whoever gets it has not acknowledged it"
    assert Playbook.objects.get(slug="churn-rescue").owner == floor.lead
    assert undo_hand_over(act_id=act.pk, by=floor.lead, now=LATER)[1] == 0
    assert state() == before


def test_each_group_goes_to_whom_it_was_given(floor: Floor) -> None:
    cy = make_user("cy", team=floor.team)
    hand_over(user=floor.ana, by=floor.lead, to={Held.TASKS: cy}, groups=[Held.TASKS, Held.WATCHES], now=NOW)
    assert set(Task.objects.values_list("assignee", flat=True)) == {cy.pk}
    assert Watch.objects.get().user == floor.bea
    assert counts(floor) == {"runs": 1, "roles": 5, "owned": 2}


def test_who_gets_what_does_not_depend_on_what_else_is_ticked(floor: Floor) -> None:
    make_user("cy", team=floor.team, in_pool=True)
    for n in range(4):
        floor.new_account(f"Quiet{n}")
    whole = {group.held: group.to for group in preview_hand_over(user=floor.ana, now=NOW)}
    assert len(whole[Held.TASKS]) == len(whole[Held.ROLES]) == 2, "they are spread"
    for held in (Held.TASKS, Held.ROLES, Held.WATCHES):
        [alone] = preview_hand_over(user=floor.ana, groups=[held], now=NOW)
        assert alone.to == whole[held]


def test_it_is_said_as_what_somebody_takes_it(floor: Floor) -> None:
    cy = make_user("cy", team=floor.team)
    theirs = floor.new_account("Theirs")
    AccountPerson.objects.filter(account=theirs).delete()
    AccountPerson.objects.create(account=theirs, user=cy, role="csm")
    AccountPerson.objects.create(account=theirs, user=floor.ana, role="account_executive")
    [roles] = preview_hand_over(user=floor.ana, groups=[Held.ROLES], now=NOW)
    assert roles.by == [(TakesAs.CSM, [(cy, 1)]), (TakesAs.POOL, [(floor.bea, 5)])]
    [owned] = preview_hand_over(user=floor.ana, groups=[Held.OWNED], now=NOW)
    assert owned.by == [(TakesAs.LEAD, [(floor.lead, 2)])]
    [chosen] = preview_hand_over(user=floor.ana, groups=[Held.ROLES], to={Held.ROLES: cy}, now=NOW)
    assert chosen.by == [(TakesAs.CHOSEN, [(cy, 6)])]


def test_an_undo_counts_what_was_counted_when_it_was_handed_over(floor: Floor) -> None:
    act = hand_over(user=floor.ana, by=floor.lead, groups=[Held.TASKS], now=NOW)
    assert undo_hand_over(act_id=act.pk, by=floor.lead, now=LATER) == (act.data["counts"]["tasks"], 0)


def test_what_was_passed_on_since_stays_at_an_undo(floor: Floor) -> None:
    act = hand_over(user=floor.ana, by=floor.lead, now=NOW)
    moved = Task.objects.first()
    assert moved is not None
    Task.objects.filter(pk=moved.pk).update(assignee=floor.lead)
    _restored, stayed = undo_hand_over(act_id=act.pk, by=floor.lead, now=LATER)
    assert stayed == 1
    assert Task.objects.get(pk=moved.pk).assignee == floor.lead
    assert Task.objects.filter(assignee=floor.ana).count() == 2
    with pytest.raises(CannotTakeBack, match="already"):
        undo_hand_over(act_id=act.pk, by=floor.lead, now=LATER)


def test_a_log_in_ends_only_when_nothing_is_theirs(floor: Floor) -> None:
    with pytest.raises(WorkLeft) as refusal:
        deactivate_user(user=floor.ana, by=floor.lead, now=NOW)
    assert refusal.value.count == sum(ALL.values())
    act = hand_over(user=floor.ana, by=floor.lead, now=NOW)
    deactivate_user(user=floor.ana, by=floor.lead, now=NOW)
    assert not User.objects.get(pk=floor.ana.pk).is_active
    with pytest.raises(CannotTakeBack, match="has left"):
        undo_hand_over(act_id=act.pk, by=floor.lead, now=LATER)


def test_only_their_manager_or_they_themselves(floor: Floor) -> None:
    with pytest.raises(TaskRefused):
        hand_over(user=floor.ana, by=make_user("zoe"), now=NOW)
    hand_over(user=floor.ana, by=floor.ana, now=NOW)


def test_nothing_goes_to_somebody_who_is_away(floor: Floor) -> None:
    Absence.objects.create(user=floor.bea, active_from=NOW, active_to=NOW + timedelta(days=2))
    with pytest.raises(TaskRefused, match="away until"):
        hand_over(user=floor.ana, by=floor.lead, to={Held.TASKS: floor.bea}, now=NOW)
    hand_over(user=floor.ana, by=floor.lead, groups=[Held.TASKS], now=NOW)
    assert set(Task.objects.values_list("assignee", flat=True)) == {floor.lead.pk}


def test_away_for_a_while_only_what_is_due_goes(floor: Floor) -> None:
    first = Task.objects.order_by("id").first()
    assert first is not None
    ends = NOW + timedelta(days=10)
    far = NOW + timedelta(days=30)
    Task.objects.filter(pk=first.pk).update(due_at=far, acknowledge_by=None, touch_by=None)
    act = go_away(
        user=floor.ana, active_from=NOW, active_to=ends, meanwhile=[Held.TASKS], only_due=True, note="Leave",
        by=floor.lead, now=NOW,
    )  # fmt: skip
    assert act is not None
    assert list(Task.objects.filter(assignee=floor.ana)) == [first]
    assert AccountPerson.objects.filter(user=floor.ana).count() == 5, "roles stay"
    undo_hand_over(act_id=act.pk, by=floor.lead, now=LATER)
    assert Task.objects.filter(assignee=floor.ana).count() == 3


def test_away_with_nothing_to_give_hands_nothing_over(floor: Floor) -> None:
    hand_over(user=floor.ana, by=floor.lead, now=NOW)
    days: dict[str, Any] = {"active_from": NOW, "active_to": NOW + timedelta(days=10), "note": ""}
    asked: dict[str, Any] = {"user": floor.ana, "meanwhile": [Held.TASKS], "only_due": False, "by": floor.lead}
    assert go_away(**days, **asked, now=LATER) is None
    assert Act.objects.filter(verb="handed_over").count() == 1
    assert Absence.objects.count() == 1


# ── Pages ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def client(floor: Floor) -> Client:
    client = Client()
    client.force_login(floor.lead)
    return client


def page_of(client: Client, floor: Floor, **query: str) -> str:
    return client.get(reverse("leave", args=[floor.ana.pk]), query).content.decode()


def test_the_page_shows_hands_over_and_undoes(client: Client, floor: Floor) -> None:
    before = state()
    assert "11 things are still theirs" in page_of(client, floor)  # what they watched has run out by today
    chosen = {"take_tasks": "on", "to_tasks": str(floor.lead.pk), "asked": "on"}
    asked = page_of(client, floor, **chosen)
    assert "Hand over 3 things for good" in asked
    assert f'name="to_tasks" value="{floor.lead.pk}"' in asked, "what was shown is what is said yes to"
    assert "Tick what is handed over." in page_of(client, floor, asked="on")
    assert "for good</button>" not in page_of(client, floor, take_tasks="on"), "it is shown before it is done"
    assert state() == before
    url = reverse("leave_hand_over", args=[floor.ana.pk])
    assert client.post(url, {}).status_code == 422
    ticks = {f"take_{held}": "on" for held in Held}
    assert client.post(url, ticks | {"why": "Parental leave"}).status_code == 302
    act = Act.objects.get(verb="handed_over")
    page = page_of(client, floor)
    assert "Parental leave" in page
    assert "Nothing is theirs" in page
    client.post(reverse("hand_over_undo", args=[act.pk]))
    assert state() == before
    assert "Taken back" in page_of(client, floor)


def test_nothing_is_ticked_at_first_and_one_taker_of_everything_is_named(client: Client, floor: Floor) -> None:
    page = page_of(client, floor)
    assert " checked" not in page
    assert "would go to one person" not in page  # the lead would get what belongs to no account
    to_the_lead = {f"to_{held}": str(floor.lead.pk) for held in Held}
    assert "would go to one person" not in page_of(client, floor, **to_the_lead), "nothing is ticked"
    to_the_lead |= {f"take_{held}": "on" for held in Held} | {"asked": "on"}
    assert f"would go to one person, {floor.lead}." in page_of(client, floor, **to_the_lead)
    assert "would go to one person" not in page_of(client, floor, **to_the_lead | {"to_roles": str(floor.bea.pk)})


def test_what_is_not_ticked_is_shown_as_staying(client: Client, floor: Floor) -> None:
    everything = page_of(client, floor)
    assert "If ticked, goes to" in everything
    assert ">stays<" not in everything
    tasks = page_of(client, floor, take_tasks="on", asked="on")
    assert "If ticked" not in tasks
    assert tasks.count(">stays<") == everything.count('name="to_') - 1


def test_what_nobody_can_take_is_named_and_stays(client: Client, floor: Floor) -> None:
    lone = floor.new_account("Pepperwharf")
    Account.objects.filter(pk=lone.pk).update(team=None)
    AccountPerson.objects.filter(user=floor.ana).exclude(account=lone).delete()
    Organisation.objects.update(catch_all=None)
    page = page_of(client, floor)
    assert "Accounts that you do not see: no team of theirs and no catch-all" in page
    assert f"They stay with {floor.ana} unless you choose somebody." in page
    asked = page_of(client, floor, take_roles="on", asked="on")
    assert "for good</button>" not in asked
    hand_over(user=floor.ana, by=floor.lead, now=NOW, groups=[Held.ROLES])
    assert AccountPerson.objects.get(user=floor.ana).account == lone
    Account.objects.filter(pk=lone.pk).update(team=floor.team)
    User.objects.update(in_pool=False)
    Team.objects.update(lead=None)
    User.objects.filter(pk=floor.lead.pk).update(team=floor.team)
    assert "Pepperwharf: no team of theirs and no catch-all" in page_of(client, floor)


def test_the_page_refuses_to_end_a_log_in_with_work(client: Client, floor: Floor) -> None:
    url = reverse("leave_deactivate", args=[floor.ana.pk])
    assert "hand them over first" in client.post(url, follow=True).content.decode()
    client.post(reverse("leave_hand_over", args=[floor.ana.pk]), {f"take_{held}": "on" for held in Held})
    assert "can no longer sign in" in client.post(url, follow=True).content.decode()


def test_the_page_sets_away_and_back(client: Client, floor: Floor) -> None:
    days = {"first_day": "2999-01-01", "last_day": "2999-01-05", "meanwhile": "due"}
    url = reverse("leave_away", args=[floor.ana.pk])
    tried = client.post(url, days | {"preview": "1"})
    assert (tried.status_code, "Nothing would go to others" in tried.content.decode()) == (200, False)
    assert not Absence.objects.exists()
    assert client.post(url, days | {"last_day": "2998-01-01"}).status_code == 422
    assert client.post(url, {}).status_code == 422
    assert client.post(url, days | {"meanwhile": "nothing"}).status_code == 302
    absence = Absence.objects.get()
    assert absence.active_to - absence.active_from == timedelta(days=5)
    assert client.post(url, days).status_code == 422, "away on these days already"
    client.post(reverse("leave_back", args=[floor.ana.pk, absence.pk]))
    assert not Absence.objects.exists()


@pytest.mark.parametrize("many", [1, 30])
def test_the_number_of_queries_does_not_grow(
    client: Client, floor: Floor, many: int, django_assert_max_num_queries: Any
) -> None:
    for n in range(many):
        floor.task(account=floor.new_account(f"More{n}"))
    page_of(client, floor)
    with django_assert_max_num_queries(32):
        page_of(client, floor)
