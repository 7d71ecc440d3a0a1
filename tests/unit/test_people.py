"""Which contacts of one account are one person: the rungs, their guards, and that the order does not matter."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.enums import Channel, ConsentState
from accounts.rules.people import Card, Edge, Sayings, heads_of, hold_together, shown
from accounts.rules.permission import strictest
from accounts.rules.projection import Policy

CRM, DESK, BILLING = UUID(int=1), UUID(int=2), UUID(int=3)
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ANNA = "anna@acme.example"
YES, NO = ConsentState.GRANTED, ConsentState.REFUSED


def card(source: UUID, name: str, email: str = "", phone: str = "", id: str = "1") -> Card:
    return Card(uuid4(), source, id, name, email, phone)


@pytest.mark.parametrize(
    ("one", "other", "rule", "doubt"),
    [
        # The same address, whatever its case, where the names do not contradict each other.
        (("Anna Ek", ANNA, ""), ("Anna Ek", " Anna@ACME.example", ""), "email", ""),
        (("Anna Ek", ANNA, ""), ("A. Ek", ANNA, ""), "email", ""),
        (("Anna Ek", "anna@gmail.com", ""), ("Ek, Anna", "anna@gmail.com", ""), "email", ""),
        (("Anna Ek", ANNA, ""), (ANNA, ANNA, ""), "email", ""),
        (("Anna Ek", ANNA, ""), ("Bob Zuse", ANNA, ""), "email", "name"),
        # A box that several people read, and what stands where there is none, tell nobody.
        (("Anna Ek", "info@acme.example", ""), ("Bob Zuse", "info@acme.example", ""), None, ""),
        (("Anna Ek", "customer.care@acme.example", ""), ("Bo Z", "customer-care@acme.example", ""), None, ""),
        (("Anna Ek", "n/a@acme.example", ""), ("Bob Zuse", "n/a@acme.example", ""), None, ""),
        (("Anna Ek", "", "000 000 000"), ("Bob Zuse", "", "000000000"), None, ""),
        # A phone number or a name never decides.
        (("Anna Ek", "", "+46 70 123 45 67"), ("Anna Ek", "", "070-1234567"), "phone", "name"),
        (("Anna Ek", "", "+46 70 123 45 67"), ("Bob Zuse", "", "070-1234567"), None, ""),
        (("Anna Ekström", "", ""), ("Ekstrom, Ana", "", ""), "name", "name"),
        (("Anna Ek", ANNA, ""), ("Anna Ek", "anna@home.example", ""), "name", "name"),
        (("Anna Ek", "", ""), ("Arne Eklund", "", ""), None, ""),
        (("Anna", "", ""), ("Anna", "", ""), None, ""),
    ],
)
def test_the_rungs(one: tuple[str, str, str], other: tuple[str, str, str], rule: str | None, doubt: str) -> None:
    edges = hold_together([card(CRM, *one), card(DESK, *other)])
    assert [(edge.rule, edge.evidence.get("why", "") if edge.doubt else "") for edge in edges] == (
        [(rule, doubt)] if rule else []
    )


def test_one_source_keeps_people_apart_but_is_asked_about_what_looks_entered_twice() -> None:
    [edge] = hold_together([card(CRM, "Anna Ek", ANNA, id="1"), card(CRM, "Anna Ek", ANNA, id="2")])
    assert (edge.doubt, edge.evidence["why"]) == (True, "two_ids")
    assert hold_together([card(CRM, "Anna Ek", id="1"), card(CRM, "Anna Ek", id="2")]) == []


def test_an_address_that_one_source_has_twice_is_asked_about_only_with_names_that_agree() -> None:
    assert hold_together([card(CRM, "Anna Ek", ANNA, id="1"), card(CRM, ANNA, ANNA, id="2")]) == []
    assert hold_together([card(CRM, "", ANNA, id="1"), card(CRM, "", ANNA, id="2")]) == []


def test_an_address_of_two_in_one_source_tells_nobody_without_one_name_that_agrees() -> None:
    both = [card(CRM, "Anna Ek", ANNA, id="1"), card(CRM, "Bob Zuse", ANNA, id="2")]
    [edge] = hold_together([*both, card(DESK, "Anna Ek", ANNA)])
    assert (edge.first, edge.doubt) == (both[0].id, False)
    assert hold_together([*both, card(DESK, "Carl Maier", ANNA)]) == []


def test_what_a_person_said_outweighs_the_ladder() -> None:
    crm, desk, billing = (card(source, "Anna Ek", ANNA) for source in (CRM, DESK, BILLING))
    assert [(edge.first, edge.second) for edge in hold_together([crm, desk, billing])] == [
        (crm.id, desk.id), (crm.id, billing.id),
    ]  # fmt: skip
    assert hold_together([crm, desk], apart=[(crm.id, desk.id)]) == []
    assert hold_together([crm, desk], same=[(crm.id, desk.id)]) == []
    other = card(BILLING, "Anna Ek", "anna@home.example")
    joined = hold_together([crm, card(DESK, "Ana", "anna@home.example", id="9"), other], same=[(crm.id, other.id)])
    assert [(edge.first, edge.rule, edge.doubt) for edge in joined] == [(crm.id, "email", False)]
    apart = hold_together([crm, desk, billing], same=[(crm.id, desk.id)], apart=[(desk.id, billing.id)])
    assert apart == []


NAMES = ("Anna Ek", "A. Ek", "Ana Ek", "Bob Zuse", "Bob Suze", ANNA)
MAILS = ("", ANNA, "bob@acme.example", "info@acme.example")
CARDS = st.lists(
    st.tuples(
        st.sampled_from((CRM, DESK, BILLING)),
        st.sampled_from("1234"),
        st.sampled_from(NAMES),
        st.sampled_from(MAILS),
        st.sampled_from(("", "0701234567")),
    ),
    max_size=8,
    unique_by=lambda said: (said[0], said[1]),
)


def called(edges: list[Edge], cards: list[Card]) -> set[tuple[object, ...]]:
    names = {one.id: (one.source.int, one.external_id) for one in cards}
    return {(names[edge.first], names[edge.second], edge.rule, edge.doubt) for edge in edges}


@given(CARDS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(said: list[tuple[UUID, str, str, str, str]], random: object) -> None:
    """Nor which ids the rows happened to get: who is held to be one follows from what is there."""
    cards = [Card(uuid4(), source, id, name, email, phone) for source, id, name, email, phone in said]
    again = [one._replace(id=uuid4()) for one in cards]
    random.shuffle(again)  # type: ignore[attr-defined]
    edges = hold_together(cards)
    assert called(edges, cards) == called(hold_together(again), again)
    heads = heads_of([one.id for one in cards], [(edge.first, edge.second) for edge in edges if not edge.doubt])
    for head in set(heads.values()):
        sources = [one.source for one in cards if heads[one.id] == head]
        assert len(sources) == len(set(sources)), "one source calls two people differently"
        assert len({one.email for one in cards if heads[one.id] == head}) == 1


def test_the_newest_saying_holds_and_a_blank_says_nothing() -> None:
    crm = Sayings(CRM, "1", {"name": "Anna Ek", "title": "CFO", "phone": "07"}, {"title": "2026-01-01"})
    desk = Sayings(
        DESK, "9", {"name": ANNA, "title": "Boss", "phone": None}, {"title": "2026-02-01"}, do_not_contact=True
    )
    for records in ([crm, desk], [desk, crm]):
        person = shown(records, Policy({}), NOW)
        assert (person["name"], person["title"], person["phone"]) == ("Anna Ek", "Boss", "07")
        assert person["do_not_contact"]
    cleared = Sayings(DESK, "9", {"title": None}, {"title": "2026-02-01"})
    assert shown([crm, cleared], Policy({}), NOW)["title"] is None


@pytest.mark.parametrize(
    ("said", "holds"),
    [
        ([YES, YES], YES), ([YES, NO], NO), ([NO, None], NO), ([YES, None], YES), ([None, None], None),
    ],
)  # fmt: skip
def test_one_refusal_refuses_and_silence_says_nothing(
    said: list[ConsentState | None], holds: ConsentState | None
) -> None:
    records = [{Channel.EMAIL: one} if one else {} for one in said]
    assert strictest(records).get(Channel.EMAIL) is holds
    assert strictest(reversed(records)).get(Channel.EMAIL) is holds
