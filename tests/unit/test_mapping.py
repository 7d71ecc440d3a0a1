"""What the columns of a file seem to be: kinds and fields guessed from names as systems write them."""

from __future__ import annotations

import pytest

from accounts.services.kinds import KINDS as ACCOUNT_KINDS
from insights.services import KINDS as INSIGHT_KINDS
from intake.rules import Kind
from intake.rules.mapping import guess_columns, guess_kind, is_clearly, likeliest_kind, own_name, seems_like

KINDS = {kind.name: kind for kind in (*ACCOUNT_KINDS, *INSIGHT_KINDS) if kind.columns}
COMPANIES = (
    "Record ID,Company name,Company Domain Name,Company owner,Lifecycle Stage,ARR,Currency,Contract renewal date,"
    "Customer tier,Country/Region,Industry,Create Date"
)
ORDERS = "Order no.,HubSpot company ID,Customer,Order date,Net amount,Currency,Product,Status"
SCORES = "company_id,prediction,probability,scored_at,model,model_version,top_reason,drivers"


def read(kind: Kind, header: str, *rows: str) -> dict[str, str]:
    """Column → what it is read as."""
    samples = [row.split(",") for row in rows]
    return {guess.name: guess.use.to for guess in guess_columns(kind, header.split(","), samples)}


@pytest.mark.parametrize(("header", "name"), [(COMPANIES, "accounts"), (ORDERS, "orders"), (SCORES, "scores")])
def test_what_the_rows_are_is_seen_from_the_header(header: str, name: str) -> None:
    found = guess_kind(KINDS.values(), header.split(","))
    assert found is not None
    assert found.name == name


def test_an_export_of_hubspot_leaves_no_field_of_ours_out() -> None:
    found = read(KINDS["accounts"], COMPANIES, "1,One,one.example,ana@us.example,Customer,5,EUR,2027-01-01,A,,,")
    assert found["Company owner"] == "csm", "an address is a log-in"
    assert (found["Contract renewal date"], found["Customer tier"], found["ARR"]) == ("renews_on", "tier", "arr")
    assert [name for name, to in found.items() if not to] == []


def test_what_an_owner_is_called_is_kept_and_no_log_in() -> None:
    found = read(KINDS["accounts"], COMPANIES, "1,One,one.example,Ana Alvarez,Customer,5,EUR,2027-01-01,A,,,")
    assert found["Company owner"] == "fields.company_owner"


def test_a_customers_name_is_no_id_and_a_systems_name_is_left_off() -> None:
    found = read(KINDS["orders"], ORDERS)
    assert (found["Order no."], found["HubSpot company ID"], found["Customer"]) == ("order_id", "account_id", "")
    assert (found["Order date"], found["Net amount"]) == ("ordered_on", "amount")


def test_a_probability_stands_in_for_a_confidence_only_where_there_is_none() -> None:
    scores = KINDS["scores"]
    assert read(scores, SCORES)["probability"] == "confidence"
    both = read(scores, SCORES.replace("drivers", "confidence"))
    assert (both["probability"], both["confidence"]) == ("probability", "confidence")
    unattended = guess_columns(scores, SCORES.split(","), [], loosely=False)
    assert {guess.name: guess.use.to for guess in unattended}["probability"] == "probability", "nobody is told"


def test_a_file_that_shows_too_little_is_read_as_the_likeliest() -> None:
    header = ["company_id", "probability", "model"]
    assert guess_kind(KINDS.values(), header) is None
    found = likeliest_kind(list(KINDS.values()), header)
    assert found is not None
    assert found.name == "scores"
    assert likeliest_kind(list(KINDS.values()), ["a", "b"]) is None


def test_names_that_only_remind_of_a_field() -> None:
    accounts = KINDS["accounts"]
    assert seems_like(accounts, "Planned renewal (next)") == "renews_on"
    assert seems_like(accounts, "Create Date") == ""


def test_a_field_of_its_own_is_named_in_plain_letters() -> None:
    assert own_name("Größe (m²)") == "groe_m2"
    assert own_name("Company owner") == "company_owner"


def test_a_field_has_one_name_on_every_screen() -> None:
    orders, accounts = KINDS["orders"], KINDS["accounts"]
    assert orders.spoken("happened_on") == orders.spoken("ordered_on") == "Ordered on"
    assert (accounts.spoken("arr.amount"), accounts.spoken("people.csm")) == ("ARR", "CSM")
    assert accounts.spoken("fields.annual_revenue") == "Annual revenue"


def test_a_header_that_is_mostly_of_one_kind_needs_no_question() -> None:
    kinds = list(KINDS.values())

    def clear(name: str, header: str) -> bool:
        return is_clearly(KINDS[name], kinds, header.split(","))

    assert clear("scores", "score_id,insight_type,customer,confidence,scored_at,model,model_version")
    assert clear("contacts", "contact id,full name,e-mail")
    assert not clear("accounts", "id,who,where"), "one column is no kind"
    assert not clear("contracts", "account id,start date,amount,currency"), "orders have as much"
