"""The chain of owners and the sets of bands by themselves, as the policy screens ask for them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from decisions.enums import Response
from decisions.rules.decide import Authority, Band, People, Person, chain_of, find_set, first_free, grants

ANA, BEA, CARL = (Person(name, name) for name in ("ana", "bea", "carl"))
GONE = Person("gus", "gus", "has left")


def kinds(role: str, people: People) -> list[str]:
    return [step.kind for step in chain_of(role, people)]


def test_the_csm_is_asked_once() -> None:
    assert kinds("csm", People()) == ["csm", "pool", "lead", "catch_all"]
    assert kinds("marketer", People()) == ["marketer", "csm", "pool", "lead", "catch_all"]


@pytest.mark.parametrize(
    ("people", "kind"),
    [
        (People(by_role={"marketer": ANA, "csm": BEA}), "marketer"),
        (People(by_role={"marketer": GONE, "csm": BEA}), "csm"),
        (People(by_role={"csm": GONE}, team="North", pool=(GONE, CARL)), "pool"),
        (People(team="North", pool=(GONE,), lead=ANA), "lead"),
        (People(lead=GONE, catch_all=ANA), "catch_all"),
    ],
)
def test_the_first_who_is_here_takes_it(people: People, kind: str) -> None:
    taker = first_free(chain_of("marketer", people))
    assert taker is not None
    assert taker.kind == kind


def test_nobody_at_all() -> None:
    assert first_free(chain_of("marketer", People(lead=GONE, catch_all=GONE))) is None


def band(response: Response, playbook: str = "") -> Band:
    return Band(Decimal(0), Decimal(1), response, playbook)


def test_a_workflow_needs_a_playbook() -> None:
    assert grants(band(Response.AUTOMATED)) is Response.HUMAN
    assert grants(band(Response.AUTOMATED, "rescue")) is Response.AUTOMATED
    assert grants(band(Response.MONITOR)) is Response.MONITOR


def test_the_narrowest_set_counts_a_type_before_a_tier() -> None:
    one = (band(Response.RECORD),)
    sets = {("", ""): one, ("", "gold"): one, ("churn_risk", ""): one, ("churn_risk", "mid"): one}
    authority = Authority(1, Decimal("0.03"), timedelta(hours=24), 2, sets)
    assert find_set("churn_risk", "mid", authority) == ("churn_risk", "mid")
    assert find_set("churn_risk", "gold", authority) == ("churn_risk", "")
    assert find_set("expansion_signal", "gold", authority) == ("", "gold")
    assert find_set("expansion_signal", "mid", authority) == ("", "")
