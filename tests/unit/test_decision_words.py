"""What a decision stored is said in words: every kind of line that the rules write."""

from __future__ import annotations

from datetime import timedelta

import pytest

from decisions.queries.matrix import segment_in_words
from decisions.queries.words import Said, others_say, say
from decisions.rules.decide import Place
from tests.factories import NOW

STORED = {
    "confidence 0.93 is in [0.9, 1]: human (authority version 3, churn_risk, all tiers)": (
        "The confidence, 93 %, lies between 90 % and 100 %, which asks for: human action"
        " (authority, version 3, Churn risk, all tiers)."
    ),
    "stale: a score of 2026-03-02 12:00 by the same model was decided already": (
        "A newer score of the same model, of 2 Mar 2026, 12:00, was decided already."
    ),
    "stale: its horizon ended on 2026-03-02": "What it foresaw was to happen before 2 Mar 2026.",
    "a higher band than monitor: entered at once": (
        "The same model asked for “monitoring” last time: a rise counts at once."
    ),
    "3 scores in a row below human, and the dwell is over: it falls": (
        "3 scores in a row were too low for “human action”, for long enough: it falls."
    ),
    "dwell: human is left below 0.85, after 2026-03-09 12:00 and 2 lower scores in a row (this is number 1)": (
        "It stays “human action” until 2 scores in a row are under 85 %, and not before 9 Mar 2026, 12:00;"
        " this is number 1."
    ),
    "automation is switched off: all": "Automation is switched off (all).",
    "cool-down after risk_resolved until 2026-06-01": (
        "The same was closed before (risk resolved), with a cool-down that ran to 1 Jun 2026."
    ),
    "an item for this account and type is open: this is added to it; a new reason": (
        "The same is open on this account already, so this was added to it."
    ),
    "matrix version 2: churn_risk × tier strategic → csm": (
        "Ownership matrix, version 2: Churn risk, tier strategic go to the customer success manager."
    ),
    "csm of the account: ana": "Customer success manager of the account: Ana Marsh",
    "pool of North: bea is away until 2026-03-09": "Pool of North: bea, who is away until 9 Mar 2026",
    "vendor-gbm says record: they disagree, the higher holds what is open": (
        "Another model, vendor-gbm, asked for less then: “recorded only”. Whoever asks for more is followed."
    ),
    "person says monitor: they disagree, the higher holds what is open": (
        "A person’s own signal asked for less then: “monitoring”. Whoever asks for more is followed."
    ),
    "lead of North: nobody": "Lead of North: nobody",
}


@pytest.mark.parametrize("line", STORED)
def test_a_stored_line_is_said_in_words(line: str) -> None:
    assert say(line, names={"ana": "Ana Marsh"}) == STORED[line]


def test_who_asks_for_more_is_not_said_to_be_followed() -> None:
    line = "vendor-gbm says human: they disagree, the higher holds what is open"
    more = (
        "Another model, vendor-gbm, asked for more then: “human action”. Its own claim decides that; this one lowers"
        " nothing that is open."
    )
    assert say(line, said=Said("record", NOW)) == more
    assert others_say([line, "something else"], Said("human", NOW))[0].endswith("Whoever asks for more is followed.")


def test_a_dwell_names_its_day_as_long_as_that_is_ahead() -> None:
    line = "dwell: human is left below 0.85, after 2026-03-02 12:00 and 2 lower scores in a row (this is number 1)"
    over = "It stays “human action” until 2 scores in a row are under 85 %; this is number 1."
    assert say(line, said=Said("human", NOW)) == over
    assert "not before 2 Mar 2026, 12:00" in say(line, said=Said("human", NOW - timedelta(minutes=1)))


def test_a_line_that_is_not_known_stays_as_it_is() -> None:
    assert say("something else") == "something else"


def test_a_region_of_several_words_is_written_in_the_matrix_as_everywhere() -> None:
    assert segment_in_words(Place("mid-market", "emea-north", "", "")) == "Mid-market, EMEA North"
