"""The readiness audit on its pages, and that these pages and the sources' ask little."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, Contract, LedgerEntry
from accounts.queries.readiness import lacking, readiness_facts
from accounts.rules.readiness import Facts, Measure
from accounts.services.kinds import ACCOUNTS
from core.bulk import database_now
from cx_ops.lacking import load_lacking
from cx_ops.readiness import accounts_measured
from intake.models import Import, Source
from tests.factories import (
    NOW,
    make_account,
    make_activity,
    make_contact,
    make_contract,
    make_pair,
    make_source,
    make_user,
)
from tests.feeds import send
from tests.floor import Floor, signed_in
from tests.integration.test_accounts_bulk import send as send_records

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def test_the_facts_are_those_of_the_data(floor: Floor) -> None:
    desk, crm = make_source("desk"), make_source("crm2")
    accounts = [make_account(f"Co {number}", external_id=f"c{number}", source=crm) for number in range(12)]
    for at, account in enumerate(accounts[:6]):
        contact = make_contact(account, source_id=crm.pk)
        for week in range(5):  # the last one has nothing of the last week, but something of the week before all four
            make_activity(
                account, "usage" if week == 2 else "ticket", source_id=desk.pk, contact=contact if week == 1 else None,
                happened_at=NOW - timedelta(days=7 * (week + (at == 5)) + 1),
            )  # fmt: skip
    make_activity(accounts[0], "call", source_id=make_source("own", person=floor.ana).pk, happened_at=NOW)
    for account in (accounts[0], gone := make_account("Gone", external_id="g", source=crm)):
        LedgerEntry.objects.create(
            account=account, source_id=desk.pk, external_id=account.name, happened_on=NOW.date(), amount=1,
            currency="USD",
        )  # fmt: skip
    Account.objects.filter(pk=gone.pk).update(archived_at=NOW)
    here = Account.objects.filter(archived_at=None)
    whole, by_source = readiness_facts(here, NOW)
    assert by_source == {
        desk.pk: Facts(accounts=6, weekly=5, unheard=1, records=24, named=6, sums=6, shared=6, with_money=1),
        crm.pk: Facts(accounts=12, weekly=0, unheard=7, records=0, named=0, sums=0, shared=6, with_money=0),
    }
    assert whole == Facts(accounts=13, weekly=5, unheard=8, records=24, named=6, sums=0, shared=6, with_money=1)
    assert whole.accounts == here.count(), "one that no source knows counts too"
    assert readiness_facts(here.filter(pk=accounts[5].pk), NOW)[0].weekly == 0


def test_what_lacks_is_listed_account_by_account(floor: Floor) -> None:
    desk, crm = make_source("desk"), make_source("crm2")
    both, _one = (make_account(name, external_id=name, source=crm) for name in ("Both", "One"))
    for at, contact in enumerate((None, None, make_contact(both, source_id=desk.pk))):
        make_activity(both, "ticket", source_id=desk.pk, happened_at=NOW - timedelta(days=8 * at + 1), contact=contact)
    make_activity(both, "usage", source_id=desk.pk, happened_at=NOW - timedelta(days=1))

    measured = Account.objects.exclude(name="Acme")

    def names(measure: Measure, source: Source | None = None) -> list[tuple[str, int, int, list[str]]]:
        found = lacking(measured, measure, NOW, source=source.pk if source else None)
        return [(line.name, line.weeks, line.unnamed, line.sources) for line in found]

    both_line, one_line = ("Both", 3, 2, ["Crm2", "Desk"]), ("One", 0, 0, ["Crm2"])
    assert names(Measure.TEMPORAL) == [one_line, both_line]
    assert names(Measure.BEHAVIOURAL) == [both_line]
    assert names(Measure.BEHAVIOURAL, desk) == [("Both", 3, 2, ["Crm2", "Desk"])], (
        "a sum is no record of what somebody did"
    )
    assert names(Measure.BEHAVIOURAL, crm) == []
    assert names(Measure.UNIFICATION) == names(Measure.UNIFICATION, crm) == [one_line]
    assert names(Measure.UNIFICATION, desk) == []
    assert names(Measure.OUTCOME) == [both_line, one_line]
    assert [line.total for line in lacking(measured, Measure.OUTCOME, NOW, most=1)] == [2]
    client, hers = signed_in(make_user("opal", role="ops")), signed_in(floor.lead)
    address = "/readiness/accounts/?lack=unification&source=crm2"
    page = client.get(address).content.decode()
    assert ">One<" in page
    assert ">Both<" not in page
    file = b"".join(client.get(f"{address}&format=csv").streaming_content)  # type: ignore[attr-defined]
    assert file.decode().splitlines()[1:] == ["One,Crm2,0,0"]
    assert ">One<" not in hers.get(address).content.decode(), "of another team"
    assert client.get("/readiness/accounts/?lack=charm").status_code == 404
    assert client.get("/readiness/accounts/?source=nobody").status_code == 404


def test_the_list_says_who_told_in_which_week_and_what_may_be_why(floor: Floor) -> None:
    desk, usage = make_source("desk"), make_source("usage")
    heard = make_account("Heard", external_id="h", source=desk)
    for source, days_ago in ((desk, 1), (usage, 2), (usage, 9)):
        make_activity(heard, "usage", source_id=source.pk, happened_at=NOW - timedelta(days=days_ago))
    ended, twin = (make_account(name, external_id=name, source=desk) for name in ("Ended", "Twin"))
    last_day = NOW.date() - timedelta(days=3)
    make_contract(ended, starts_on=last_day - timedelta(days=364), ends_on=last_day)
    pair = make_pair(twin, heard)
    among = Account.objects.filter(pk__in=[heard.pk, ended.pk, twin.pk])
    page = load_lacking(among, Measure.TEMPORAL, NOW, source=None, most=9)
    assert (page.count, page.of) == (3, 3)
    assert [(line.found.name, line.weeks, line.term_ended, line.pair) for line in page.lines] == [
        ("Ended", ["", "", "", ""], last_day, None),
        ("Twin", ["", "", "", ""], None, pair.pk),
        ("Heard", ["", "", "Usage", "Desk, Usage"], None, pair.pk),
    ]
    assert load_lacking(among, Measure.TEMPORAL, NOW, source=usage, most=9).of == 1
    for number in range(2):
        make_activity(heard, "ticket", source_id=usage.pk, happened_at=NOW - timedelta(days=number + 1))
    make_activity(heard, "ticket", source_id=desk.pk, happened_at=NOW - timedelta(days=1))
    [line] = load_lacking(among, Measure.BEHAVIOURAL, NOW, source=None, most=9).lines
    assert (line.nameless, line.found.unnamed) == ([("Usage", 2), ("Desk", 1)], 3)
    assert load_lacking(among, Measure.TEMPORAL, NOW, source=floor.source, most=9).count == 0
    address = f"/review/?pair={pair.pk}"
    for role, is_led in (("ops", True), ("leader", False)):
        shown = signed_in(make_user(role, role=role)).get("/readiness/accounts/?lack=unification").content.decode()
        assert "may be a double" in shown
        assert (address in shown) is is_led


def test_former_customers_are_not_measured(floor: Floor) -> None:
    make_account("Here", external_id="h")
    gone = make_account("Gone", external_id="g")
    day = NOW.date()
    Contract.objects.create(
        account=gone, source_id=floor.source.pk, external_id="k", starts_on=day - timedelta(days=400),
        ends_on=day - timedelta(days=35),
    )  # fmt: skip
    assert gone not in accounts_measured(NOW)
    assert gone in accounts_measured(NOW - timedelta(days=10))


def test_a_source_that_uses_the_ids_of_another_speaks_about_the_same_accounts(floor: Floor) -> None:
    crm = make_source("crm2")
    billing = make_source("billing", account_namespace=crm)
    accounts_of(crm, crm)
    accounts_of(billing, crm)
    facts = readiness_facts(Account.objects.all(), NOW)[1]
    assert [(facts[one.pk].accounts, facts[one.pk].shared) for one in (crm, billing)] == [(3, 3), (3, 3)]


def accounts_of(source: Source, namespace: Source) -> None:
    items = [{"external_id": f"c{n}", "name": f"Co {n}"} for n in range(3)]
    send_records(ACCOUNTS, source, *items, namespace_id=namespace.pk)


def test_an_empty_system_says_too_little(floor: Floor) -> None:
    page = signed_in(floor.lead).get("/readiness/").content.decode()
    assert "Too little data yet." in page
    assert "of the 30 records" in page


def test_no_account_at_all_is_no_error() -> None:
    page = signed_in(make_user("opal", role="ops")).get("/readiness/")
    assert page.status_code == 200
    assert "Too little data yet." in page.content.decode()


def test_a_source_shows_each_file_once_and_calls_no_past_day_the_next(floor: Floor, feed: Source) -> None:
    send(feed, NOW)
    client = signed_in(floor.lead)
    page = client.get("/sources/crm/").content.decode()
    assert page.count("crm.csv") == 1
    assert "was due" in page
    assert "Its scores say" not in page
    assert "Files that brought nothing yet" not in page
    ended = {"kind": "accounts", "stored_as": "x", "sha256": "", "created_at": NOW, "finished_at": NOW}
    Import.objects.create(source=feed, filename="bad.csv", status="failed", message="Cut off.", **ended)
    Import.objects.create(source=feed, filename="mended.csv", status="done", **ended)
    page = client.get("/sources/crm/").content.decode()
    assert "bad.csv" in page
    assert "mended.csv" not in page, "it has brought something, and is no delivery of the feed"
    send(feed, database_now())
    page = client.get("/sources/crm/").content.decode()
    assert "was due" not in page


def test_the_pages_ask_few_queries(floor: Floor, feed: Source) -> None:
    send(feed, database_now())
    client = signed_in(floor.lead)
    for path, most in (
        ("/readiness/", 12),
        ("/readiness/accounts/", 12),
        ("/sources/", 12),
        ("/sources/crm/", 12),
        ("/review/weekly/", 25),
    ):
        client.get(path)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert client.get(path).status_code == 200
        assert len(asked) <= most, (path, len(asked))
