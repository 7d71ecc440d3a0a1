"""Which saying an account shows: the newest, unless a rule says whom to believe."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.enums import NullRule
from accounts.rules.projection import PEOPLE, FieldRule, Policy, Said, choose, rank, read_policy, write_policy

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
CRM, BILLING, ANA = (UUID(int=number) for number in (1, 2, 3))


def said(value: Any, source: UUID = CRM, days_ago: int = 0) -> Said:
    at = (NOW - timedelta(days=days_ago)).isoformat()
    return Said(value, at, f"{source}-{days_ago}", source, source == ANA)


def holds(*sayings: Said, rule: FieldRule | None = None) -> Any:
    chosen = choose(sayings, rule, NOW)
    return chosen.value if chosen else "nothing"


def believe(*sources: str, **terms: Any) -> FieldRule:
    return FieldRule(sources=sources, **terms)


@pytest.mark.parametrize(
    ("sayings", "rule", "value"),
    [
        ([said("old", CRM, 2), said("new", BILLING, 1)], None, "new"),
        ([said("old", CRM, 2), said(None, BILLING, 1)], None, None),
        ([said("old", CRM, 2), said("new", BILLING, 1)], believe(str(CRM)), "old"),
        ([said(None, CRM, 1), said("there", BILLING, 2)], believe(str(CRM)), "there"),
        ([said(None, CRM, 1), said("there", BILLING, 2)], believe(str(CRM), nulls=NullRule.CLEAR), None),
        ([said("file", CRM, 0), said("typed", ANA, 9)], believe(PEOPLE), "typed"),
        ([said("first", CRM, 9), said("later", BILLING, 1)], believe(nulls=NullRule.FILL_ONLY), "first"),
        ([said("stale", CRM, 40), said("fresh", BILLING, 1)], believe(str(CRM), max_age_days=30), "fresh"),
        ([said("stale", CRM, 40)], believe(str(CRM), max_age_days=30), "stale"),
        ([said("a", CRM, 1), said("b", BILLING, 0)], believe(str(BILLING), str(CRM)), "b"),
        ([said(None, CRM)], believe(str(CRM)), "nothing"),
        ([], None, "nothing"),
    ],
)
def test_what_holds(sayings: list[Said], rule: FieldRule | None, value: Any) -> None:
    assert holds(*sayings, rule=rule) == value
    assert holds(*reversed(sayings), rule=rule) == value


@given(st.lists(st.tuples(st.sampled_from([CRM, BILLING, ANA]), st.integers(0, 60), st.text(max_size=3)), max_size=6))
def test_the_order_of_sayings_never_matters(rows: list[tuple[UUID, int, str]]) -> None:
    sayings = list({said(value, source, days).id: said(value, source, days) for source, days, value in rows}.values())
    rule = believe(str(BILLING), PEOPLE, max_age_days=30)
    assert rank(sayings, rule, NOW) == rank(reversed(sayings), rule, NOW)


def test_a_family_has_one_rule_and_a_field_may_have_its_own() -> None:
    policy = Policy({"fields": believe("x"), "fields.plan": believe("y"), "people": believe(str(CRM))})
    assert policy.rule("fields.seats") == believe("x")
    assert policy.rule("fields.plan") == believe("y")
    assert policy.rule("people.csm") == believe(str(CRM))
    assert policy.outranks_people("people.csm", CRM)
    assert not policy.outranks_people("people.csm", BILLING)
    assert policy.rule("tier") is None
    assert read_policy(write_policy(policy)).rules == policy.rules
