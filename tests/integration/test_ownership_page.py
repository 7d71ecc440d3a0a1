"""The ownership matrix on its screen: whom it reaches, a draft, its difference, publishing, and who would get this."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.enums import AccountRole
from accounts.models import AccountPerson, Segment, SegmentMember
from accounts.rules.segments import AccountFilter
from accounts.services import save_segment
from core.bulk import database_now
from core.models import Act
from cx_ops.segments import refresh_segment
from decisions.models import OwnershipCell, OwnershipPolicy
from decisions.queries.replay import replay_decisions
from tests.factories import NOW, make_account, make_organisation, make_team, make_user
from tests.floor import Floor, signed_in

PAGE = "/policies/ownership/"
STRATEGIC = {"type": "churn_risk", "tier": "strategic", "region": "", "stage": "", "segment": ""}


@pytest.fixture
def floor(db: None) -> Floor:
    return Floor()


@pytest.fixture(autouse=True)
def strategic(floor: Floor) -> Any:
    """An account of Ana's whose executive is Hana."""
    account = floor.new_account("Bluebell", tier="strategic")
    hana = make_user("hana", first_name="Hana", team=floor.team)
    AccountPerson.objects.create(account=account, role=AccountRole.ACCOUNT_EXECUTIVE, user=hana)
    return account


@pytest.fixture
def browser(floor: Floor) -> Client:
    return signed_in(floor.lead)


def draft() -> OwnershipPolicy:
    return OwnershipPolicy.objects.get(state="draft")


def change(browser: Client, cell: dict[str, str], role: str, policy: OwnershipPolicy | None = None) -> Any:
    seen = {"draft": policy.version, "edits": policy.edits} if policy else {"draft": "", "edits": 0}
    return browser.post(f"{PAGE}cell/", {**cell, **seen, "role": role})


def publish(browser: Client, **fields: Any) -> Any:
    policy = draft()
    sent = {"edits": policy.edits, "why": "Executives know these customers.", "begins_on": "", **fields}
    return browser.post(f"{PAGE}{policy.version}/publish/", sent)


class TestDraft:
    def test_a_cell_changed_begins_a_draft_and_changes_nothing_yet(
        self, browser: Client, floor: Floor, strategic: Any
    ) -> None:
        assert change(browser, STRATEGIC, "account_executive").status_code == 302
        assert draft().cells.get(type="churn_risk", tier="strategic").role == "account_executive"
        assert floor.insight(account=strategic).owner == floor.ana

    def test_the_difference_is_said_in_words_and_counts(self, browser: Client, floor: Floor) -> None:
        change(browser, STRATEGIC, "account_executive")
        page = browser.get(PAGE).content.decode()
        assert "Churn risk × Strategic: new, Account executive" in page
        assert "1 account would have another owner" in page
        assert "Hana" in page

    def test_published_it_decides_from_then_on_and_names_its_version(
        self, browser: Client, floor: Floor, strategic: Any
    ) -> None:
        change(browser, STRATEGIC, "account_executive")
        assert publish(browser).status_code == 302
        now = database_now() + timedelta(minutes=1)
        decision = floor.insight(account=strategic, now=now)
        assert (decision.owner and decision.owner.username, decision.ownership_version) == ("hana", 2)
        act = Act.objects.get(verb="published")
        assert (act.by, act.why) == (floor.lead, "Executives know these customers.")
        assert "Executives know these customers." in browser.get(PAGE).content.decode()

    def test_from_a_later_day_it_waits(self, browser: Client, floor: Floor, strategic: Any) -> None:
        change(browser, STRATEGIC, "account_executive")
        day = (database_now() + timedelta(days=3)).date()
        assert publish(browser, begins_on=str(day)).status_code == 302
        assert OwnershipPolicy.objects.get(version=2).active_from.date() == day  # type: ignore[union-attr]
        now = database_now() + timedelta(minutes=1)
        assert floor.insight(account=strategic, now=now).ownership_version == 1
        assert "published for later" in browser.get(PAGE).content.decode()

    @pytest.mark.parametrize("day", ["2001-01-01", "2999-01-01", "soon"])
    def test_a_day_that_cannot_be_is_refused_in_words(self, browser: Client, floor: Floor, day: str) -> None:
        change(browser, STRATEGIC, "account_executive")
        assert publish(browser, begins_on=day).status_code == 422
        assert draft().version == 2

    def test_it_needs_a_note(self, browser: Client, floor: Floor) -> None:
        change(browser, STRATEGIC, "account_executive")
        answer = publish(browser, why="  ")
        assert answer.status_code == 422
        assert "Say what changes and why" in answer.content.decode()

    def test_a_cell_taken_away_gives_way_to_the_wider_one(self, browser: Client, floor: Floor) -> None:
        change(browser, STRATEGIC, "account_executive")
        policy = draft()
        sent = {"draft": policy.version, "edits": policy.edits, "cell": "churn_risk.strategic..."}
        assert browser.post(f"{PAGE}cell/remove/", sent).status_code == 302
        assert not draft().cells.filter(tier="strategic").exists()

    def test_the_cell_for_everything_stays(self, browser: Client, floor: Floor) -> None:
        answer = browser.post(f"{PAGE}cell/remove/", {"draft": "", "edits": 0, "cell": "...."})
        assert answer.status_code == 422
        assert "stays" in answer.content.decode()
        assert not OwnershipPolicy.objects.filter(state="draft").exists()

    def test_what_no_account_has_cannot_be_named(self, browser: Client, floor: Floor) -> None:
        answer = change(browser, {**STRATEGIC, "tier": "platinum"}, "csm")
        assert answer.status_code == 422
        assert "Choose one of the list" in answer.content.decode()

    def test_discarded_it_is_gone_and_on_record(self, browser: Client, floor: Floor) -> None:
        change(browser, STRATEGIC, "account_executive")
        policy = draft()
        assert browser.post(f"{PAGE}{policy.version}/discard/", {"edits": policy.edits}).status_code == 302
        assert not OwnershipPolicy.objects.filter(state="draft").exists()
        assert Act.objects.filter(verb="discarded", by=floor.lead).exists()


class TestTwoManagers:
    def test_the_second_to_publish_is_told(self, browser: Client, floor: Floor) -> None:
        change(browser, STRATEGIC, "account_executive")
        policy = draft()
        other = signed_in(make_user("odo", role="manager", team=floor.team))
        assert publish(browser).status_code == 302
        answer = other.post(f"{PAGE}{policy.version}/publish/", {"edits": policy.edits, "why": "Me too."})
        assert answer.status_code == 409
        assert "was published already, by lena" in answer.content.decode()
        assert OwnershipPolicy.objects.filter(state="published").count() == 2

    def test_what_was_changed_meanwhile_is_not_published_unseen(self, browser: Client, floor: Floor) -> None:
        change(browser, STRATEGIC, "account_executive")
        policy = draft()
        change(browser, STRATEGIC, "csm", policy)
        answer = browser.post(f"{PAGE}{policy.version}/publish/", {"edits": policy.edits, "why": "As I saw it."})
        assert answer.status_code == 409
        assert draft().version == policy.version

    def test_two_who_begin_get_one_draft(self, browser: Client, floor: Floor) -> None:
        change(browser, STRATEGIC, "account_executive")
        answer = change(browser, STRATEGIC, "csm")
        assert answer.status_code == 409
        assert OwnershipCell.objects.get(policy__state="draft", tier="strategic").role == "account_executive"

    def test_a_draft_of_what_was_replaced_is_refused(self, browser: Client, floor: Floor) -> None:
        change(browser, STRATEGIC, "account_executive")
        OwnershipPolicy.objects.filter(state="draft").update(based_on=7)
        answer = publish(browser)
        assert answer.status_code == 409
        assert "Version 1 was published after this draft was made" in answer.content.decode()


class TestCoverage:
    @pytest.fixture
    def stranded(self, floor: Floor) -> Any:
        """An account without a team, whose people and the catch-all are gone; only its marketer is here."""
        gone = make_user("gus", is_active=False)
        make_organisation(catch_all=gone)
        account = make_account("Cinderford", csm=gone, team=None, tier="digital", arr_amount=40_000, arr_currency="USD")
        AccountPerson.objects.create(account=account, role=AccountRole.MARKETER, user=floor.bea)
        return account

    def test_a_red_cell_is_mended_by_another_role(self, browser: Client, stranded: Any) -> None:
        red = browser.get(PAGE).content.decode()
        assert "Nobody would act on some insights" in red
        assert "nobody for 1 of 1" in red
        assert "$40k a year" in red
        for number, type in enumerate(("churn_risk", "expansion_signal", "")):
            cell = {**STRATEGIC, "type": type, "tier": "digital"}
            assert change(browser, cell, "marketer", draft() if number else None).status_code == 302
        mended = browser.get(PAGE).content.decode()
        assert "Every cell resolves to somebody" in mended
        assert "Nobody would act on some insights" in browser.get(PAGE, {"show": "live"}).content.decode()

    def test_who_has_no_tier_is_told_from_who_stands_in_one(self, browser: Client, stranded: Any) -> None:
        gone = stranded.people.get(role=AccountRole.CSM).user
        for csm in (gone, gone, None):
            make_account(csm=csm, team=None, tier="")
        make_organisation(catch_all=None)
        red = browser.get(PAGE).content.decode()
        assert "nobody for 4 of 6" in red, "all accounts hold those of every tier"
        assert "3 those who could are not here; 1 in no team, no customer success manager" in red
        assert "the rest: Ana" in red
        assert "3 of them have no tier" in red

    def test_examples_are_only_those_one_may_see(self, browser: Client, stranded: Any, floor: Floor) -> None:
        cell = {"cell": "churn_risk.digital..."}
        assert "Cinderford" not in browser.get(PAGE, cell).content.decode()
        assert "Cinderford" in signed_in(make_user("noor", role="leader")).get(PAGE, cell).content.decode()


class TestWhoWouldGetThis:
    def ask(self, browser: Client, **fields: str) -> str:
        sent = {"q": "Bluebell", "type": "churn_risk", "confidence": "0.93", **fields}
        return browser.get(PAGE, sent).content.decode()

    def test_it_answers_with_the_path_under_both(self, browser: Client, floor: Floor) -> None:
        change(browser, STRATEGIC, "account_executive")
        page = self.ask(browser)
        assert "Ana gets a task at once." in page
        assert "Hana gets a task at once." in page
        assert "Account executive of the account" in page

    def test_it_says_why_somebody_was_passed_over(self, browser: Client, floor: Floor) -> None:
        floor.ana.is_active = False
        floor.ana.save()
        page = self.ask(browser)
        assert "Ana has left" in page
        assert "Pool of North" in page

    def test_below_the_bands_nobody_is_asked(self, browser: Client, floor: Floor) -> None:
        assert "recorded only: nobody is asked" in self.ask(browser, confidence="0.2")

    def test_several_accounts_are_offered(self, browser: Client, floor: Floor) -> None:
        floor.new_account("Bluebell Dental")
        assert "Which of these?" in self.ask(browser)

    def test_what_is_foreign_is_not_found(self, browser: Client, floor: Floor) -> None:
        stranger = make_account("Elsewhere", csm=make_user("cy", team=make_team("South")))
        assert "No account that you may see" in self.ask(browser, q="Elsewhere")
        assert browser.get(PAGE, {"account": stranger.pk, "type": "churn_risk", "confidence": "1"}).status_code == 404

    @pytest.mark.parametrize("confidence", ["93 %", "2", "NaN", ""])
    def test_a_number_that_is_none_is_refused_in_words(self, browser: Client, floor: Floor, confidence: str) -> None:
        assert "Something needs to be put right" in self.ask(browser, confidence=confidence)

    def test_asking_leaves_nothing_behind(self, browser: Client, floor: Floor) -> None:
        self.ask(browser)
        assert not Act.objects.exists()


@pytest.mark.parametrize("role", ["leader", "ops"])
def test_leaders_and_operations_only_look(floor: Floor, role: str) -> None:
    reader = signed_in(make_user("noor", role=role))
    page = reader.get(PAGE, {"cell": "churn_risk...."}).content.decode()
    assert "Churn risk" in page
    assert "Set in the draft" not in page
    assert change(reader, STRATEGIC, "csm").status_code == 403


def test_as_many_queries_for_many_accounts(browser: Client, floor: Floor, django_assert_max_num_queries: Any) -> None:
    browser.get(PAGE)
    with CaptureQueriesContext(connection) as few:
        browser.get(PAGE)
    for number in range(40):
        floor.new_account(tier="mid", region=f"r{number % 5}")
    with django_assert_max_num_queries(len(few)):
        browser.get(PAGE)
    assert len(few) <= 14


class TestForALaterDay:
    def test_it_is_taken_back_until_its_day(self, floor: Floor, browser: Client) -> None:
        live = OwnershipPolicy.objects.get(state="published")
        change(browser, STRATEGIC, "account_executive")
        later = (database_now() + timedelta(days=5)).date().isoformat()
        assert publish(browser, begins_on=later).status_code == 302
        coming = OwnershipPolicy.objects.get(state="published", active_to=None)
        assert OwnershipPolicy.objects.get(pk=live.pk).active_to == coming.active_from
        assert f"{PAGE}{coming.version}/take-back/" in browser.get(PAGE).content.decode()
        assert browser.post(f"{PAGE}{coming.version}/take-back/").status_code == 302
        assert OwnershipPolicy.objects.get(pk=live.pk).active_to is None
        assert draft().version == coming.version
        assert Act.objects.filter(verb="taken_back", by=floor.lead).exists()
        assert browser.post(f"{PAGE}{coming.version}/take-back/").status_code == 409
        assert publish(browser).status_code == 302

    def test_what_is_in_force_stays(self, browser: Client) -> None:
        live = OwnershipPolicy.objects.get(state="published")
        assert browser.post(f"{PAGE}{live.version}/take-back/").status_code == 409
        change(browser, STRATEGIC, "account_executive")
        assert publish(browser).status_code == 302
        newest = OwnershipPolicy.objects.get(state="published", active_to=None)
        assert browser.post(f"{PAGE}{newest.version}/take-back/").status_code == 409
        with pytest.raises(DatabaseError), transaction.atomic():
            OwnershipPolicy.objects.filter(pk=newest.pk).update(state="draft", active_from=None)

    def test_not_over_another_draft(self, browser: Client) -> None:
        change(browser, STRATEGIC, "account_executive")
        later = (database_now() + timedelta(days=5)).date().isoformat()
        publish(browser, begins_on=later)
        coming = OwnershipPolicy.objects.get(state="published", active_to=None)
        change(browser, STRATEGIC, "csm")
        answer = browser.post(f"{PAGE}{coming.version}/take-back/")
        assert answer.status_code == 422
        assert "Publish or discard that one first" in answer.content.decode()


class TestSavedSegments:
    @pytest.fixture
    def segment(self, floor: Floor, strategic: Any) -> Segment:
        segment = save_segment(name="Big ones", wanted=AccountFilter(tier="strategic"), by=floor.lead, now=NOW)
        refresh_segment(segment, NOW)
        return segment

    def name_it(self, browser: Client) -> None:
        cell = {"type": "churn_risk", "tier": "", "region": "", "stage": "", "segment": "saved:big-ones"}
        assert change(browser, cell, "account_executive").status_code == 302

    def test_one_is_a_column_with_its_members(self, browser: Client, segment: Segment) -> None:
        assert "Big ones (saved)" in browser.get(PAGE).content.decode()
        self.name_it(browser)
        page = browser.get(f"{PAGE}?cell=churn_risk....saved:big-ones").context["page"]
        [column] = [column for column in page.grid.columns if column.place.segment]
        assert (column.label, column.accounts) == ("Big ones (saved)", 1)
        assert [tally.name for tally in page.chosen.tallies] == ["Hana"]

    def test_the_decision_goes_by_it_stores_it_and_replays(
        self, floor: Floor, browser: Client, segment: Segment, strategic: Any
    ) -> None:
        self.name_it(browser)
        assert publish(browser).status_code == 302
        now = database_now()
        inside = floor.insight("0.97", now, account=strategic)
        outside = floor.insight("0.97", now)
        assert inside.owner is not None
        assert (inside.owner.username, inside.inputs["place"]["saved"]) == ("hana", ["saved:big-ones"])
        assert outside.owner == floor.ana
        assert "saved" not in outside.inputs["place"]
        assert "segment saved:big-ones" in inside.owner_path[0]
        SegmentMember.objects.all().delete()
        assert [one for found in replay_decisions() for one in found] == []

    def test_no_query_more_while_no_cell_names_one(self, floor: Floor, segment: Segment, strategic: Any) -> None:
        with CaptureQueriesContext(connection) as queries:
            floor.insight("0.97", account=strategic)
        assert not any("segmentmember" in query["sql"] for query in queries)

    def test_one_that_a_matrix_names_cannot_be_put_away(self, browser: Client, segment: Segment) -> None:
        self.name_it(browser)
        answer = browser.post(f"/segments/{segment.pk}/", {"do": "deactivate", "version": segment.version}, follow=True)
        assert "The ownership matrix goes by it" in answer.content.decode()
        assert Segment.objects.get(pk=segment.pk).is_active
