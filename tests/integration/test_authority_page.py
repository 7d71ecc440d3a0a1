"""The authority bands on their screen: what each would take, drafts, publishing, a number to try, kill switches."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from core.bulk import database_now
from core.models import Act
from decisions.models import AuthorityPolicy, Item, KillSwitch
from decisions.queries.bands import count_bands
from decisions.queries.policies import authority_in_force
from tests.factories import make_user
from tests.floor import Floor, signed_in

PAGE = "/policies/authority/"
CHURN = {"type": "churn_risk", "tier": ""}
EDGES = {"human": "0.95", "automated": "0.70", "monitor": "0.50", "playbook_human": "churn-rescue"}


@pytest.fixture
def floor(db: None) -> Floor:
    return Floor()


@pytest.fixture
def browser(floor: Floor) -> Client:
    return signed_in(floor.lead)


def draft() -> AuthorityPolicy:
    return AuthorityPolicy.objects.get(state="draft")


def set_edges(browser: Client, policy: AuthorityPolicy | None = None, **changes: str) -> Any:
    seen = {"draft": policy.version, "edits": policy.edits} if policy else {"draft": "", "edits": 0}
    return browser.post(f"{PAGE}bands/", {**CHURN, **EDGES, "playbook_automated": "churn-rescue", **seen, **changes})


def publish(browser: Client, policy: AuthorityPolicy) -> Any:
    return browser.post(
        f"{PAGE}{policy.version}/publish/", {"edits": policy.edits, "why": "Fewer tasks.", "begins_on": ""}
    )


class TestDraft:
    def test_published_the_next_decision_follows_it_and_names_its_version(self, browser: Client, floor: Floor) -> None:
        assert set_edges(browser).status_code == 302
        assert floor.insight("0.93").response == "human"
        assert publish(browser, draft()).status_code == 302
        now = database_now() + timedelta(minutes=1)
        decision = floor.insight("0.93", now=now, account=floor.new_account("Bluebell"))
        assert (decision.response, decision.authority_version) == ("automated", 2)
        assert Act.objects.get(verb="published").by == floor.lead

    def test_published_for_later_is_said_so(self, browser: Client, floor: Floor) -> None:
        set_edges(browser)
        policy = draft()
        day = (database_now() + timedelta(days=9)).date()
        asked = {"edits": policy.edits, "why": "Fewer tasks.", "begins_on": day.isoformat()}
        page = browser.post(f"{PAGE}{policy.version}/publish/", asked, follow=True).content.decode()
        assert f"Version 2 is published for later: in force from {day.day} " in page

    def test_the_difference_is_said_in_words_and_counts(self, browser: Client, floor: Floor) -> None:
        floor.insight("0.93", now=database_now() - timedelta(days=1))
        set_edges(browser)
        page = browser.get(PAGE).content.decode()
        assert "Churn risk: human action from 0.95 instead of 0.90" in page
        assert "1 insight of the last 90 days would be “automated workflow” instead of “human action”" in page
        assert "about 0.1 fewer a week for people." in page

    def test_a_workflow_without_a_playbook_is_a_human_and_says_so(self, browser: Client, floor: Floor) -> None:
        set_edges(browser, playbook_automated="")
        page = browser.get(PAGE, {"set": "churn_risk."}).content.decode()
        assert "no playbook: a human instead" in page

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"monitor": "0.8"}, "must not ask for less"),
            ({"monitor": "0.70"}, "Two bands begin at the same confidence"),
            ({"human": "1"}, "below 1"),
            ({"human": "-0.1"}, "greater than or equal to 0"),
            ({"human": "93 %"}, "Write a number from 0 to 1"),
            ({"human": "NaN"}, "Write a number from 0 to 1"),
            ({"type": "no_such"}, "no such insight type"),
            ({"tier": "platinum"}, "No account has this tier"),
        ],
    )
    def test_what_would_leave_a_hole_or_overlap_is_refused(
        self, browser: Client, floor: Floor, changes: dict[str, str], words: str
    ) -> None:
        answer = set_edges(browser, **changes)
        assert answer.status_code == 422
        assert words in answer.content.decode()
        assert not AuthorityPolicy.objects.filter(state="draft").exists()

    def test_an_empty_number_leaves_the_band_out(self, browser: Client, floor: Floor) -> None:
        assert set_edges(browser, automated="", monitor="").status_code == 302
        bands = draft().bands.filter(type="churn_risk")
        assert set(bands.values_list("lower", "response")) == {(Decimal("0.95"), "human"), (Decimal(0), "record")}

    def test_a_tier_gets_bands_of_its_own_and_loses_them(self, browser: Client, floor: Floor) -> None:
        floor.new_account("Bluebell", tier="strategic")
        assert set_edges(browser, tier="strategic", human="0.5", automated="", monitor="").status_code == 302
        policy = draft()
        assert policy.bands.filter(tier="strategic").count() == 2
        sent = {"draft": policy.version, "edits": policy.edits, "type": "churn_risk", "tier": "strategic"}
        assert browser.post(f"{PAGE}bands/remove/", sent).status_code == 302
        assert not draft().bands.filter(tier="strategic").exists()

    def test_the_bands_for_everything_stay(self, browser: Client, floor: Floor) -> None:
        answer = browser.post(f"{PAGE}bands/remove/", {"draft": "", "edits": 0, "type": "", "tier": ""})
        assert answer.status_code == 422
        assert "stay" in answer.content.decode()

    def test_margin_and_dwell(self, browser: Client, floor: Floor) -> None:
        sent = {"draft": "", "edits": 0, "margin": "0.05", "dwell_hours": 48, "lower_scores": 3}
        assert browser.post(f"{PAGE}calm/", sent).status_code == 302
        page = browser.get(PAGE).content.decode()
        assert "Margin: 0.05 instead of 0.03" in page
        assert "Dwell: 48 hours instead of 24" in page
        assert browser.post(f"{PAGE}calm/", {**sent, "margin": "2"}).status_code == 422

    def test_the_second_to_publish_is_told(self, browser: Client, floor: Floor) -> None:
        set_edges(browser)
        policy = draft()
        assert publish(browser, policy).status_code == 302
        answer = publish(signed_in(make_user("odo", role="manager", team=floor.team)), policy)
        assert answer.status_code == 409
        assert "was published already, by lena" in answer.content.decode()

    def test_what_if_changes_nothing(self, browser: Client, floor: Floor) -> None:
        floor.insight("0.93", now=database_now() - timedelta(days=1))
        asked = {**CHURN, **EDGES, "draft": "", "edits": 0, "human": "0.92", "playbook_automated": ""}
        assert "0.92 – 1.00" in browser.get(PAGE, asked).content.decode()
        assert not AuthorityPolicy.objects.filter(state="draft").exists()
        assert "must not ask for less" in browser.get(PAGE, {**asked, "monitor": "0.99"}).content.decode()


class TestCounts:
    def test_an_edge_belongs_to_the_band_above_it(self, floor: Floor) -> None:
        day = database_now() - timedelta(days=1)
        for number, confidence in enumerate(("0.9", "0.8999999999999999", "0.70", "0")):
            floor.insight(confidence, now=day, account=floor.new_account(f"Account {number}"))
        floor.insight("0.95", now=day - timedelta(days=100), account=floor.new_account("Long ago"))
        live = authority_in_force(day)
        taken = count_bands(live, None, live, database_now()).live["churn_risk", ""]
        assert {str(lower): taken.insights for lower, taken in taken.items()} == {
            "0.9000": 1, "0.7000": 2, "0.0000": 1,
        }  # fmt: skip

    def test_right_is_what_closed_items_say(self, browser: Client, floor: Floor) -> None:
        day = database_now() - timedelta(days=1)
        decision = floor.insight("0.95", now=day)
        Item.objects.filter(pk=decision.item_id).update(outcome="risk_resolved", closed_at=day)
        other = floor.insight("0.95", now=day, account=floor.new_account("Bluebell"))
        Item.objects.filter(pk=other.item_id).update(outcome="insight_wrong", closed_at=day)
        silent = floor.insight("0.95", now=day, account=floor.new_account("Cinderford"))
        Item.objects.filter(pk=silent.item_id).update(outcome="no_response", closed_at=day)
        live = authority_in_force(day)
        taken = count_bands(live, None, live, database_now()).live["churn_risk", ""][Decimal("0.9")]
        assert (taken.right, taken.wrong, taken.share_right) == (1, 1, None)
        assert "too few to say<small>1 of 2</small>" in browser.get(PAGE, {"set": "churn_risk."}).content.decode()


@pytest.mark.parametrize(
    ("confidence", "words"),
    [("0.93", "Human action"), ("0.70", "Playbook: Churn rescue"), ("0.6999", "Monitoring"), ("0", "Recorded only")],
)
def test_try_a_number(browser: Client, floor: Floor, confidence: str, words: str) -> None:
    page = browser.get(PAGE, {**CHURN, "confidence": confidence}).content.decode()
    assert words in page[page.index('id="try"') : page.index("</section>", page.index('id="try"'))]


class TestSwitches:
    def throw(self, browser: Client, **fields: str) -> Any:
        return browser.post(
            f"{PAGE}switch/", {"what": "type:churn_risk", "off": "1", "why": "Scores look odd.", **fields}
        )

    def test_off_and_on_again_with_who_and_why(self, browser: Client, floor: Floor) -> None:
        assert self.throw(browser).status_code == 302
        page = browser.get(PAGE).content.decode()
        assert "Automation is switched off: Churn risk" in page
        assert "Scores look odd." in page
        assert "lena" in page
        assert floor.insight("0.8").suppressed_by == "kill_switch"
        assert self.throw(browser, off="0", why="").status_code == 302
        assert not KillSwitch.objects.filter(is_off=True).exists()
        assert Act.objects.filter(verb="switched_on", by=floor.lead).exists()

    @pytest.mark.parametrize("fields", [{"why": " "}, {"what": "type:no_such"}, {"what": "x"}, {"off": "2"}])
    def test_what_cannot_be_is_refused(self, browser: Client, floor: Floor, fields: dict[str, str]) -> None:
        assert self.throw(browser, **fields).status_code == 422
        assert not KillSwitch.objects.filter(is_off=True).exists()

    def test_operations_only_look(self, floor: Floor) -> None:
        ops = signed_in(make_user("otto", role="ops"))
        assert "Switch something off" not in ops.get(PAGE).content.decode()
        assert self.throw(ops).status_code == 403


def test_as_many_queries_for_many_insights(browser: Client, floor: Floor, django_assert_max_num_queries: Any) -> None:
    day = database_now() - timedelta(days=1)
    for number in range(20):
        floor.insight("0.8", now=day, account=floor.new_account(f"Account {number}"))
    browser.get(PAGE)
    with django_assert_max_num_queries(18):
        browser.get(PAGE)
