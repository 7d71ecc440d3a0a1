from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.rules import records
from accounts.rules.hierarchy import CYCLE, UNKNOWN, Wish, refuse_parents
from accounts.rules.identity import identifying_domain, is_placeholder, normalise_domain, normalise_ref
from accounts.rules.records import Money, OrderItem, to_slug

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("example.com", "example.com"),
        (" HTTPS://www.Example.COM/prices?x=1 ", "example.com"),
        ("ana@mail.example.co.uk", "mail.example.co.uk"),
        ("example.com:8443", "example.com"),
        ("example.com.", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("localhost", ""),
        ("", ""),
        ("not a domain", ""),
        ("a..b", ""),
        ("-x.example", ""),
        ("x" * 300 + ".example", ""),
    ],
)
def test_domains_are_written_one_way(text: str, domain: str) -> None:
    assert normalise_domain(text) == domain


@given(st.text(max_size=80))
def test_any_text_is_a_domain_or_none_and_stays_so(text: str) -> None:
    domain = normalise_domain(text)
    assert normalise_domain(domain) == domain


def test_free_mail_identifies_nobody() -> None:
    assert identifying_domain("ana@GMAIL.com") == ""
    assert normalise_ref((None, "domain", "gmail.com")) is None
    assert normalise_ref((uuid4(), "domain", "www.example.com")) == (None, "domain", "example.com")


@pytest.mark.parametrize("value", ["", "0", "000", "-", "-1", "N/A", "na", "null", "None", " unknown ", "TEST"])
def test_placeholders_identify_nobody(value: str) -> None:
    assert is_placeholder(value)
    assert normalise_ref((uuid4(), "external_id", value)) is None


@pytest.mark.parametrize("value", ["A17", "00001", "10", "test-1", "nano"])
def test_ids_are_no_placeholders(value: str) -> None:
    assert not is_placeholder(value)


def test_our_own_id_is_a_uuid() -> None:
    id = uuid4()
    assert normalise_ref((None, "id", str(id).upper())) == (None, "id", str(id))
    assert normalise_ref((None, "id", "A17")) is None


def test_slugs() -> None:
    assert to_slug(" Mid Market ") == "mid-market"
    assert to_slug("EMEA/North") == "emea-north"
    assert (to_slug("Österreich"), to_slug("Côte d’Ivoire"), to_slug("Straße")) == (
        "osterreich",
        "cote-d-ivoire",
        "strasse",
    )


A, B, C, D = (UUID(int=number) for number in range(1, 5))


def refuse(wishes: list[Wish], **given: object) -> dict[int, object]:
    terms = {"existing": set(), "coming": set(), "parents": {}} | given
    return dict(refuse_parents(wishes, **terms))  # type: ignore[arg-type]


def test_a_parent_may_come_later_in_the_same_call() -> None:
    assert refuse([Wish(0, A, B)], coming={A, B}) == {}


def test_an_unknown_parent_is_refused_and_cannot_be_a_parent_itself() -> None:
    assert refuse([Wish(0, A, B), Wish(1, B, None)], coming={A, B}) == {0: UNKNOWN, 1: UNKNOWN}


def test_an_existing_account_stays_a_parent_though_its_own_row_is_refused() -> None:
    assert refuse([Wish(0, A, B), Wish(1, B, None)], existing={B}, coming={A}) == {1: UNKNOWN}


def test_cycles_are_refused_in_the_call_and_with_what_stands() -> None:
    assert refuse([Wish(0, A, B), Wish(1, B, A)], existing={A, B}) == {1: CYCLE}
    assert refuse([Wish(0, C, A)], existing={A, B, C}, parents={A: B, B: C}) == {0: CYCLE}
    assert refuse([Wish(0, A, A)], existing={A}) == {0: CYCLE}


def test_a_new_account_whose_parent_is_refused_for_a_cycle_is_refused() -> None:
    refused = refuse([Wish(0, A, B), Wish(1, B, A), Wish(2, D, B)], coming={A, B, D})
    assert refused == {1: CYCLE, 0: UNKNOWN, 2: UNKNOWN}


def account_problems(**item: object) -> list[str]:
    decoded = msgspec.convert({"external_id": "A1", "name": "A"} | item, records.AccountItem, strict=False)
    return [problem.field for problem in records.check_account(decoded, NOW)]


@pytest.mark.parametrize(
    ("item", "fields"),
    [
        ({}, []),
        ({"external_id": "n/a"}, ["external_id"]),
        ({"domain": "nonsense"}, ["domain"]),
        ({"domain": ""}, []),
        ({"domain": None}, []),
        ({"parent": "A1"}, ["parent"]),
        ({"csm": "ana", "people": {"csm": "ben"}}, ["csm"]),
        ({"name": "  "}, ["name"]),
        ({"arr": {"amount": "-1", "currency": "USD"}}, ["arr.amount"]),
        ({"arr": {"amount": "NaN", "currency": "USD"}}, ["arr.amount"]),
        ({"arr": {"amount": "1e12", "currency": "USD"}}, ["arr.amount"]),
    ],
)
def test_what_is_wrong_with_an_account(item: dict[str, object], fields: list[str]) -> None:
    assert account_problems(**item) == fields


def test_an_account_is_named_in_one_way() -> None:
    for account, fine in [
        ({"external_id": "A1"}, True),
        ({"domain": "example.com"}, True),
        ({"external_id": "A1", "source": "shop"}, True),
        ({}, False),
        ({"external_id": "A1", "domain": "example.com"}, False),
        ({"domain": "example.com", "source": "shop"}, False),
    ]:
        item = msgspec.convert({"external_id": "C1", "name": "Cy", "account": account}, records.ContactItem)
        assert (records.check_contact(item, NOW) == ()) is fine


@pytest.mark.parametrize("email", ["ana", "@example.com", "ana@", "a@b@example.com"])
def test_what_is_no_address(email: str) -> None:
    item = msgspec.convert(
        {"external_id": "C1", "name": "Cy", "account": {"id": "x"}, "email": email}, records.ContactItem
    )
    assert [problem.field for problem in records.check_contact(item, NOW)] == ["email"]


def test_contracts_activities_and_orders_are_checked() -> None:
    about = {"external_id": "X", "account": {"external_id": "A1"}}
    contract = about | {"starts_on": "2026-01-01", "ends_on": "2026-01-01", "notice_on": "2026-02-01"}
    found = records.check_contract(msgspec.convert(contract, records.ContractItem, strict=False), NOW)
    assert [problem.field for problem in found] == ["ends_on", "notice_on"]
    activity = about | {"kind": "note", "happened_at": "2026-03-02T13:00:00Z", "summary": "x", "value": "1e10"}
    late = records.check_activity(msgspec.convert(activity, records.ActivityItem, strict=False), NOW)
    assert [problem.field for problem in late] == ["happened_at", "value"]
    order = about | {"happened_on": "2026-04-01", "amount": "Infinity", "currency": "USD", "units": "1e12"}
    bad = records.check_order(msgspec.convert(order, OrderItem, strict=False), NOW)
    assert [problem.field for problem in bad] == ["amount", "units", "happened_on"]


@pytest.mark.parametrize(
    ("sums", "money"),
    [
        ({"amount": "11.77", "currency": "usd"}, Money(Decimal("11.77"), "usd")),
        ({"amounts": {"usd": "11.77"}}, Money(Decimal("11.77"), "usd")),
        ({"amount": "11.77"}, None),
        ({}, None),
        ({"amount": "1", "currency": "eur", "amounts": {"usd": "2"}}, None),
    ],
)
def test_an_order_names_one_sum(sums: dict[str, object], money: Money | None) -> None:
    item = {"account": {"external_id": "A1"}, "happened_on": "2026-03-01"} | sums
    assert msgspec.convert(item, OrderItem, strict=False).money == money
