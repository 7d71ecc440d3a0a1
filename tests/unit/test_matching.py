"""The ladder on books with truth: how often it is right, how much it finds, what it leaves to a person."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from accounts.enums import Evidence, Matching
from accounts.rules.identity import registrable_domain, standard_id, standard_name
from accounts.rules.matching import Index, Keys, Match, Sighted, match_all
from bench.companies import book, judge

CRM, BILLING = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize("seed", [7, 8])
def test_strict_is_hardly_ever_wrong(seed: int) -> None:
    judged = judge(book(3000, seed), Matching.STRICT)
    assert judged.precision >= 0.999
    assert judged.largest <= 6


@pytest.mark.parametrize("seed", [7, 8])
def test_relaxed_finds_nearly_all_and_is_seldom_wrong(seed: int) -> None:
    judged = judge(book(3000, seed), Matching.RELAXED)
    assert judged.precision >= 0.99
    assert judged.recall >= 0.95
    assert judged.largest <= 6


def test_pairs_compared_grow_with_the_records() -> None:
    small, large = (judge(book(firms), Matching.RELAXED).compared / firms for firms in (500, 4000))
    assert large < small * 1.3


def one(name: str, space: UUID = BILLING, **keys: str) -> Sighted:
    kinds: Keys = {Evidence(kind): value for kind, value in keys.items()}
    return Sighted(uuid4(), space, name, kinds)


def ask(record: Sighted, *known: Sighted, mode: Matching = Matching.STRICT) -> Match:
    """What becomes of a record where these accounts are known."""
    index = Index()
    for each in known:
        index.add(each.account, each.namespace, each.name, each.keys)
    return match_all([record], index, mode)[0]


ACME = one("Acme Foods", CRM, domain="acme.example", email="ana@acme.example", subscription="S1")


@pytest.mark.parametrize(
    ("record", "rule"),
    [
        (one("Acme Foods GmbH", subscription="S1"), "subscription"),
        (one("Acme Food", email="ana@acme.example"), "email"),
        (one("Foods, Acme", domain="acme.example"), "domain"),
    ],
)
def test_the_surest_rung_that_holds_decides(record: Sighted, rule: str) -> None:
    match = ask(record, ACME)
    assert (match.account, match.rule, match.doubt) == (ACME.account, rule, None)


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (one("Zenith Rail", domain="acme.example"), "name"),
        (one("Acme Foods", CRM, domain="acme.example"), "two_ids"),
        (one("Acme Foods", domain="acme.example", subscription="S2"), "two_subscriptions"),
    ],
)
def test_what_speaks_against_it_makes_a_doubt(record: Sighted, why: str) -> None:
    match = ask(record, ACME)
    assert (match.account, match.rule) == (record.account, "new")
    assert match.doubt is not None
    assert (match.doubt.other, match.doubt.evidence["why"]) == (ACME.account, why)


def test_a_key_that_several_hold_needs_one_name_that_agrees() -> None:
    other = one("Zenith Rail", CRM, domain="acme.example")
    assert ask(one("Acme Foods", domain="acme.example"), ACME, other).account == ACME.account
    stranger = ask(one("Quite Other", domain="acme.example"), ACME, other, mode=Matching.RELAXED)
    assert (stranger.rule, stranger.doubt) == ("new", None)
    twice = ask(one("Acme Foods", domain="acme.example"), ACME, ACME._replace(account=uuid4()))
    assert twice.doubt is not None
    assert twice.doubt.evidence["why"] == "several"


def test_a_key_that_records_of_one_call_share_is_shared_before_the_first() -> None:
    keeper = "office@books.example"
    both = [one("Amber Inns", email=keeper), one("Zenith Rail", email=keeper)]
    index = Index()
    index.add(ACME.account, CRM, "Cobalt Mills", {Evidence.EMAIL: keeper})
    found = match_all(both, index, Matching.RELAXED)
    assert [match.rule for match in found] == ["new", "new"]


def test_blanks_never_match() -> None:
    nobody = one("Acme Foods", CRM, domain="", email="", subscription="")
    assert ask(one("Acme Foods", domain="", email="", subscription=""), nobody).rule == "new"


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("shop.example.co.uk", "example.co.uk"),
        ("example.com", "example.com"),
        ("a.b.acme.example", "acme.example"),
        ("", ""),
    ],
)
def test_what_a_company_registers(host: str, domain: str) -> None:
    assert registrable_domain(host) == domain


def test_names_and_salesforce_ids_are_written_one_way() -> None:
    assert standard_name("Müller & Söhne GmbH") == standard_name("MULLER & SOHNE")
    assert standard_id("001A0000006Vm9r") == "001A0000006Vm9rIAC"
    assert standard_id("001A0000006Vm9rIAC") == "001A0000006Vm9rIAC"
    assert standard_id("ABCDEFGHIJKLMNO") == "ABCDEFGHIJKLMNO"
