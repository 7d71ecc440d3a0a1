"""The protocol, sentence by sentence: PRODUCT.md, "Meanings, pinned"."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisions.enums import Response, Suppression
from decisions.rules.decide import (
    Act,
    Authority,
    Band,
    Cell,
    Claim,
    Facts,
    ItemState,
    Ownership,
    People,
    Person,
    Place,
    Policy,
    Stake,
    StreamState,
    by_precedence,
    decide,
    find_cell,
)

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
HUMAN, AUTOMATED, MONITOR, RECORD = Response.HUMAN, Response.AUTOMATED, Response.MONITOR, Response.RECORD


def bands(playbook: str = "rescue") -> tuple[Band, ...]:
    edges = [
        ("0.90", "1", HUMAN),
        ("0.70", "0.90", AUTOMATED),
        ("0.50", "0.70", MONITOR),
        ("0", "0.50", RECORD),
    ]
    return tuple(
        Band(Decimal(low), Decimal(high), response, playbook if response in (HUMAN, AUTOMATED) else "")
        for low, high, response in edges
    )


def policy(*, cells: tuple[Cell, ...] = (), sets: dict[tuple[str, str], tuple[Band, ...]] | None = None) -> Policy:
    everywhere = Cell("", "", "", "", "", "csm")
    authority = Authority(1, Decimal("0.03"), timedelta(hours=24), 2, {("", ""): bands(), **(sets or {})})
    return Policy(authority, Ownership(1, by_precedence((everywhere, *cells))))


def person(number: int, username: str, **more: Any) -> Person:
    return Person(str(UUID(int=number)), username, **more)


ANA, BEA, CARL, DANA, EVE = (person(n, name) for n, name in enumerate(("ana", "bea", "carl", "dana", "eve"), start=1))


def facts(confidence: str = "0.93", **changes: Any) -> Facts:
    claim = Claim(
        type="churn_risk",
        source="house",
        model="logit",
        confidence=Decimal(confidence),
        scored_at=NOW - timedelta(hours=1),
        expires_at=NOW + timedelta(days=90),
        acts_until=NOW + timedelta(days=30),
    )
    claim = msgspec.structs.replace(claim, **changes.pop("claim", {}))
    given = {
        "claim": claim,
        "place": Place(),
        "people": People(by_role={"csm": ANA}, team="North", pool=(BEA, CARL), lead=DANA, catch_all=EVE),
        "stake": Stake(Decimal(100_000), "yearly recurring revenue", Decimal("0.12"), Decimal("0.2")),
    }
    return Facts(**{**given, **changes})


def stream(response: Response, *, hours: float = 1, lower_scores: int = 0, **more: Any) -> StreamState:
    bound = {HUMAN: "0.90", AUTOMATED: "0.70", MONITOR: "0.50", RECORD: "0"}[response]
    given = {
        "model": "logit", "band": response, "response": response, "bound": Decimal(bound),
        "entered_at": NOW - timedelta(hours=hours),
        "scored_at": NOW - timedelta(hours=2), "expires_at": NOW + timedelta(days=80), "lower_scores": lower_scores,
    }  # fmt: skip
    return StreamState(**{**given, **more})


def item(response: Response = HUMAN, *, is_open: bool = True, **more: Any) -> ItemState:
    return ItemState(str(UUID(int=99)), is_open, response, **more)


def verdict(given: Facts, rules: Policy | None = None) -> Any:
    return decide(facts=given, policy=rules or policy(), now=NOW)


class TestBands:
    @pytest.mark.parametrize(
        ("confidence", "response", "act"),
        [
            ("1", HUMAN, Act.TASK),
            ("0.90", HUMAN, Act.TASK),
            ("0.8999999999999999999", AUTOMATED, Act.RUN),
            ("0.70", AUTOMATED, Act.RUN),
            ("0.6999999999999999999", MONITOR, Act.WATCH),
            ("0.50", MONITOR, Act.WATCH),
            ("0.4999999999999999999", RECORD, Act.NOTHING),
            ("0", RECORD, Act.NOTHING),
        ],
    )
    def test_are_half_open(self, confidence: str, response: Response, act: str) -> None:
        result = verdict(facts(confidence))
        assert (result.band.response, result.response, result.act) == (response, response, act)
        assert result.suppressed_by is None

    def test_the_narrowest_set_applies(self) -> None:
        strategic = (Band(Decimal("0.7"), Decimal(1), HUMAN), Band(Decimal(0), Decimal("0.7"), RECORD))
        rules = policy(sets={("", "strategic"): strategic})
        assert verdict(facts("0.75", place=Place(tier="strategic")), rules).response is HUMAN
        assert verdict(facts("0.75", place=Place(tier="mid")), rules).response is AUTOMATED

    def test_an_automated_band_without_a_playbook_is_a_human(self) -> None:
        assert verdict(facts("0.8"), policy(sets={("", ""): bands(playbook="")})).response is HUMAN

    def test_a_source_of_probabilities_is_monitored_until_bands_are_published_for_it(self) -> None:
        result = verdict(facts("0.97", claim={"probability_only": True}))
        assert (result.band.response, result.response, result.act) == (HUMAN, MONITOR, Act.WATCH)

    def test_an_old_score_never_automates(self) -> None:
        old = {"acts_until": NOW - timedelta(days=1)}
        assert verdict(facts("0.8", claim=old)).response is HUMAN
        assert verdict(facts("0.6", claim=old)).response is MONITOR

    def test_an_old_score_in_a_band_leaves_no_higher_band_behind(self) -> None:
        aged = verdict(facts("0.8", claim={"acts_until": NOW - timedelta(days=1)}))
        assert (aged.response, aged.stream.band) == (HUMAN, AUTOMATED)
        fresh = verdict(facts("0.75", stream=aged.stream))
        assert (fresh.response, fresh.suppressed_by) == (AUTOMATED, None)


class TestStaleness:
    def test_older_than_decided_is_recorded(self) -> None:
        result = verdict(facts(stream=stream(MONITOR, scored_at=NOW)))
        assert (result.response, result.suppressed_by, result.act) == (RECORD, Suppression.STALE, Act.NOTHING)
        assert result.band.response is HUMAN
        assert result.stream is None

    def test_an_ended_horizon_is_recorded(self) -> None:
        assert verdict(facts(claim={"expires_at": NOW})).suppressed_by is Suppression.STALE


class TestCalm:
    def test_a_higher_band_is_entered_at_once(self) -> None:
        result = verdict(facts("0.90", stream=stream(MONITOR)))
        assert result.response is HUMAN
        assert result.stream.entered_at == NOW

    @pytest.mark.parametrize(
        ("confidence", "hours", "lower_scores", "falls"),
        [
            ("0.86", 25, 1, True),
            ("0.87", 25, 1, False),  # at bound minus margin: not below it
            ("0.86", 23, 1, False),  # the dwell is not over
            ("0.86", 25, 0, False),  # the first lower score
        ],
    )
    def test_a_lower_band_needs_margin_dwell_and_two_scores(
        self, confidence: str, hours: float, lower_scores: int, falls: bool
    ) -> None:
        given = facts(confidence, stream=stream(HUMAN, hours=hours, lower_scores=lower_scores), item=item())
        result = verdict(given)
        assert (result.response is AUTOMATED) is falls
        assert (result.suppressed_by is Suppression.DWELL) is not falls

    def test_a_fall_goes_straight_to_the_new_band(self) -> None:
        result = verdict(facts("0.2", stream=stream(HUMAN, hours=30, lower_scores=1)))
        assert result.response is RECORD
        assert result.stream.lower_scores == 0

    def test_a_score_in_the_band_again_starts_the_count_anew(self) -> None:
        result = verdict(facts("0.95", stream=stream(HUMAN, hours=30, lower_scores=1)))
        assert result.stream.lower_scores == 0
        assert result.stream.entered_at == NOW - timedelta(hours=30)

    def test_an_ended_stream_holds_nothing(self) -> None:
        result = verdict(facts("0.2", stream=stream(HUMAN, expires_at=NOW - timedelta(days=1))))
        assert result.response is RECORD

    def test_dwell_adds_to_what_is_open_and_opens_nothing(self) -> None:
        assert verdict(facts("0.8", stream=stream(HUMAN), item=item())).act == Act.EVIDENCE
        assert verdict(facts("0.8", stream=stream(HUMAN))).act == Act.NOTHING


class TestClearing:
    def test_an_item_clears_when_every_live_stream_has(self) -> None:
        given = facts("0.1", stream=stream(HUMAN, hours=30, lower_scores=1), item=item())
        assert verdict(given).act == Act.CLEAR

    def test_another_live_stream_holds_it_and_the_disagreement_is_said(self) -> None:
        vendor = stream(HUMAN, model="vendor-gbm")
        given = facts("0.1", stream=stream(HUMAN, hours=30, lower_scores=1), item=item(), other_streams=(vendor,))
        result = verdict(given)
        assert result.act == Act.EVIDENCE
        assert any("vendor-gbm says human" in reason for reason in result.reasons)

    def test_an_ended_stream_does_not_hold_it(self) -> None:
        ended = stream(HUMAN, model="vendor-gbm", expires_at=NOW)
        given = facts("0.1", stream=stream(HUMAN, hours=30, lower_scores=1), item=item(), other_streams=(ended,))
        assert verdict(given).act == Act.CLEAR


class TestOwner:
    def owner(self, given: Facts, *cells: Cell) -> tuple[str | None, str]:
        result = verdict(given, policy(cells=cells))
        return (result.owner.username if result.owner else None), " | ".join(result.owner_path)

    def test_is_the_person_in_the_role(self) -> None:
        assert self.owner(facts())[0] == "ana"

    def test_the_matrix_prefers_tier_over_region_over_stage_over_segment(self) -> None:
        names = {
            "tier": "account_executive",
            "region": "marketer",
            "stage": "support_lead",
            "segment": "sponsor",
        }
        everyone = {role: person(n, role) for n, role in enumerate(names.values(), start=10)}
        place = Place("big", "north", "live", "shops")
        cells = [
            Cell(
                "",
                *(
                    value if name == part else ""
                    for name, value in zip(names, ("big", "north", "live", "shops"), strict=True)
                ),
                role,
            )
            for part, role in names.items()
        ]
        for number, role in enumerate(names.values()):
            assert self.owner(facts(place=place, people=People(by_role=everyone)), *cells[number:])[0] == role

    def test_an_accounts_own_segment_comes_before_saved_ones_and_those_by_name(self) -> None:
        names = ("saved:b", "saved:a", "shops", "saved:c")
        cells = [Cell("", "", "", "", name, role) for name, role in zip(names, "bazc", strict=True)]
        ownership = policy(cells=tuple(cells)).ownership
        saved = ("saved:a", "saved:b")
        assert find_cell("churn_risk", Place(segment="shops", saved=saved), ownership).role == "z"
        assert find_cell("churn_risk", Place(segment="farms", saved=saved), ownership).role == "a"
        assert find_cell("churn_risk", Place(saved=("saved:b",)), ownership).role == "b"
        assert find_cell("churn_risk", Place(segment="saved"), ownership).role not in "abzc"

    def test_an_empty_role_falls_to_the_csm(self) -> None:
        name, path = self.owner(facts(), Cell("churn_risk", "", "", "", "", "marketer"))
        assert name == "ana"
        assert "marketer of the account: nobody" in path

    def test_a_leaver_is_passed_over_and_the_path_says_why(self) -> None:
        gone = person(1, "ana", absent="has left")
        people = People(by_role={"csm": gone}, team="North", pool=(BEA,), lead=DANA, catch_all=EVE)
        name, path = self.owner(facts(people=people))
        assert name == "bea"
        assert "csm of the account: ana has left" in path

    def test_the_pool_gives_to_the_one_with_the_fewest_open_items_under_the_cap(self) -> None:
        busy, capped, free = (
            person(2, "bea", open_items=9),
            person(3, "carl", open_items=1, at_cap=True),
            person(4, "finn", open_items=3),
        )
        assert self.owner(facts(people=People(team="North", pool=(busy, capped, free))))[0] == "finn"

    def test_lead_then_catch_all_then_nobody(self) -> None:
        away = person(9, "zoe", absent="is away until 2026-12-01")
        assert self.owner(facts(people=People(team="North", pool=(away,), lead=DANA, catch_all=EVE)))[0] == "dana"
        assert self.owner(facts(people=People(team="North", lead=away, catch_all=EVE)))[0] == "eve"
        name, path = self.owner(facts(people=People(team="North", lead=away, catch_all=away)))
        assert name is None
        assert "unassigned" in path


class TestNoise:
    def test_a_second_firing_is_evidence(self) -> None:
        result = verdict(facts(stream=stream(HUMAN), item=item()))
        assert (result.response, result.suppressed_by, result.act) == (
            HUMAN,
            Suppression.OPEN_ITEM,
            Act.EVIDENCE,
        )

    def test_a_higher_band_over_a_live_run_stops_it_for_a_person(self) -> None:
        result = verdict(facts(item=item(AUTOMATED)))
        assert (result.suppressed_by, result.act) == (None, Act.UPGRADE)

    @pytest.mark.parametrize("changes", [{"claim": {"reason": "usage_drop"}}, {"red_lines": ("legal",)}])
    def test_news_wakes_a_snoozed_item(self, changes: dict[str, Any]) -> None:
        assert verdict(facts(item=item(), **changes)).act == Act.WAKE

    def closed(self, **more: Any) -> ItemState:
        quiet = {"quiet": True, "quiet_until": NOW + timedelta(days=3), "outcome": "no_response", **more}
        return item(is_open=False, **quiet)

    def test_a_cool_down_keeps_the_response_and_opens_nothing(self) -> None:
        result = verdict(facts(item=self.closed()))
        assert (result.response, result.suppressed_by, result.act) == (
            HUMAN,
            Suppression.COOL_DOWN,
            Act.NOTHING,
        )

    def test_a_cool_down_ends(self) -> None:
        assert verdict(facts(item=self.closed(quiet_until=NOW))).act == Act.TASK

    @pytest.mark.parametrize(
        ("before", "changes"),
        [
            ({"response": AUTOMATED}, {}),
            ({"reasons": ("old",)}, {"claim": {"reason": "new"}}),
            ({}, {"red_lines": ("notice_date",)}),
        ],
    )
    def test_a_higher_band_a_new_reason_or_a_red_line_breaks_it(
        self, before: dict[str, Any], changes: dict[str, Any]
    ) -> None:
        result = verdict(facts(item=self.closed(**before), **changes))
        assert result.act == Act.TASK
        assert any(reason.startswith("cool-down broken") for reason in result.reasons)

    def test_what_the_item_knew_already_breaks_nothing(self) -> None:
        known = self.closed(reasons=("old",), red_lines=("legal",))
        result = verdict(facts(item=known, red_lines=("legal",), claim={"reason": "old"}))
        assert result.suppressed_by is Suppression.COOL_DOWN

    def test_lost_is_quiet_until_reactivated_whatever_comes(self) -> None:
        lost = self.closed(quiet_until=None, outcome="lost", response=MONITOR)
        assert verdict(facts(item=lost, red_lines=("legal",))).suppressed_by is Suppression.COOL_DOWN

    @pytest.mark.parametrize("switch", ["all", "type churn_risk", "source house", "playbook rescue"])
    def test_a_kill_switch_stops_automation_but_not_people(self, switch: str) -> None:
        stopped = verdict(facts("0.8", switches=(switch,)))
        assert (stopped.response, stopped.suppressed_by, stopped.act) == (
            AUTOMATED,
            Suppression.KILL_SWITCH,
            Act.NOTHING,
        )
        assert verdict(facts("0.93", switches=(switch,))).act == Act.TASK

    def test_behind_a_switch_what_is_open_still_gets_its_evidence(self) -> None:
        assert verdict(facts("0.8", switches=("all",), item=item())).act == Act.EVIDENCE

    def test_another_switch_stops_nothing(self) -> None:
        assert verdict(facts("0.8", switches=("type expansion_signal", "playbook other"))).act == Act.RUN

    def test_a_held_out_account_is_left_alone(self) -> None:
        result = verdict(facts(held_out=True))
        assert (result.response, result.suppressed_by, result.act) == (
            HUMAN,
            Suppression.HOLD_OUT,
            Act.NOTHING,
        )

    def test_a_red_line_releases_it(self) -> None:
        assert verdict(facts(held_out=True, red_lines=("legal",))).act == Act.TASK


class TestPriority:
    def test_is_the_product_of_its_parts(self) -> None:
        result = verdict(facts(claim={"probability": Decimal("0.5"), "expires_at": NOW + timedelta(days=20)}))
        assert result.priority.value == Decimal("15000.00")  # 100,000 × 0.5 × 0.2 × 1.5
        assert result.priority.parts[0][0] == "revenue exposed"

    def test_without_a_probability_the_base_rate_is_taken_and_said(self) -> None:
        parts = {name: (value, source) for name, value, source in verdict(facts()).priority.parts}
        assert parts["probability"] == (Decimal("0.12"), "base rate of the type: none was supplied")

    def test_unknown_revenue_is_said_and_counts_nothing(self) -> None:
        result = verdict(facts(stake=Stake(None, "unknown", Decimal("0.12"), Decimal("0.2"))))
        assert result.priority.value == 0
        assert result.priority.parts[0] == ("revenue exposed", None, "unknown")


responses = st.sampled_from(Response)
states = st.builds(
    stream,
    responses,
    hours=st.floats(0, 100),
    lower_scores=st.integers(0, 5),
    model=st.sampled_from(["logit", "gbm"]),
)
items = st.builds(
    item, responses, is_open=st.booleans(), quiet=st.booleans(),
    quiet_until=st.sampled_from([None, NOW - timedelta(1), NOW + timedelta(1)]),
)  # fmt: skip
people = st.builds(
    People,
    by_role=st.dictionaries(
        st.sampled_from(["csm", "marketer"]),
        st.builds(Person, st.uuids().map(str), st.just("x"), st.sampled_from(["", "has left"])),
    ),
    pool=st.lists(
        st.builds(Person, st.uuids().map(str), st.text(max_size=3), st.sampled_from(["", "is away"])), max_size=4
    ).map(tuple),
)


class TestAlways:
    @given(
        confidence=st.decimals(0, 1, places=19),
        stream=st.none() | states,
        others=st.lists(states, max_size=2).map(tuple),
        item=st.none() | items,
        people=people,
    )
    def test_a_verdict_is_whole(self, confidence: Decimal, stream: Any, others: Any, item: Any, people: People) -> None:
        given = facts(str(confidence), stream=stream, other_streams=others, item=item, people=people)
        result = verdict(given)
        assert result.band.lower <= confidence
        assert confidence < result.band.upper or result.band.upper == 1
        assert result.owner is None or not result.owner.absent
        assert result.reasons
        if result.suppressed_by:
            assert result.act in (Act.NOTHING, Act.EVIDENCE, Act.WAKE)
        if item is not None and item.is_open:
            assert result.act not in (Act.TASK, Act.RUN)
        else:
            assert result.act not in (Act.EVIDENCE, Act.WAKE, Act.CLEAR, Act.UPGRADE)

    @given(
        confidence=st.decimals(0, 1, places=19),
        stream=st.none() | states,
        item=st.none() | items,
        people=people,
    )
    def test_what_is_stored_replays_to_the_same_verdict(
        self, confidence: Decimal, stream: Any, item: Any, people: People
    ) -> None:
        given = facts(str(confidence), stream=stream, item=item, people=people)
        stored = msgspec.json.encode(given)
        assert verdict(msgspec.json.decode(stored, type=Facts)) == verdict(given)
