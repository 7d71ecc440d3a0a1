"""What is known about an account: as of a time, in money, red lines, the page, the search."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from accounts.enums import AccountRole, ActivityKind, RedLine
from accounts.models import (
    Account,
    AccountPerson,
    Activity,
    Contact,
    Contract,
    FieldValue,
    FxRate,
    LedgerEntry,
    RedLineFlag,
    TierRevenue,
)
from accounts.queries import (
    account_as_of,
    account_view,
    in_reporting_currency,
    red_lines,
    search_accounts,
    trailing_revenue,
    value_as_of,
)
from accounts.services import (
    AccountRefused,
    archive_account,
    flag_red_line,
    lift_red_line,
    log_activity,
    refresh_tier_revenue,
    restore_account,
    set_account_person,
)
from core.bulk import database_now
from core.enums import Role
from core.models import Act, User
from intake.models import Source
from tests.factories import NOW, make_account, make_organisation, make_source, make_team, make_user

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


def remember(account: Account, value: object, at: datetime, *, field: str = "tier") -> FieldValue:
    return FieldValue.objects.create(account=account, field=field, value=value, source_id=uuid4(), observed_at=at)


def spend(account: Account, amount: str, on: date, currency: str = "USD") -> None:
    LedgerEntry.objects.create(
        account=account,
        source_id=uuid4(),
        external_id=str(uuid4()),
        happened_on=on,
        amount=Decimal(amount),
        currency=currency,
    )


def test_a_value_is_read_as_of_when_it_was_true_and_when_we_knew_it() -> None:
    account = make_account()
    remember(account, "growth", NOW)
    learned = database_now()
    remember(account, "strategic", NOW + timedelta(days=10))
    remember(account, "starter", NOW - timedelta(days=10))
    remember(account, "corrected", NOW)

    def tier(at: datetime, known_at: datetime | None = None) -> object:
        found = value_as_of(account.id, "tier", at, known_at)
        return found and found.value

    assert tier(NOW - timedelta(days=11)) is None
    assert tier(NOW - timedelta(days=1)) == "starter"
    assert tier(NOW + timedelta(days=1)) == "corrected"
    assert tier(NOW + timedelta(days=11)) == "strategic"
    assert tier(NOW + timedelta(days=11), known_at=learned) == "growth"
    assert tier(NOW - timedelta(days=1), known_at=learned) is None


def test_an_account_as_of_a_moment_has_every_field(source: Source) -> None:
    account = make_account()
    FieldValue.objects.create(account=account, field="name", value="Old", source_id=source.id, observed_at=NOW)
    remember(account, "growth", NOW)
    found = account_as_of(account.id, NOW)
    assert {field: value.value for field, value in found.items()} == {"name": "Old", "tier": "growth"}
    assert found["name"].source == source.name


def test_money_without_a_rate_is_unknown_not_nought() -> None:
    make_organisation(reporting_currency="EUR")
    FxRate.objects.create(currency="USD", on_day=date(2026, 1, 1), rate=Decimal("0.9"))
    FxRate.objects.create(currency="USD", on_day=date(2026, 2, 1), rate=Decimal("0.8"))
    for day, dollars in ((date(2026, 1, 31), Decimal(9)), (date(2026, 2, 1), Decimal(8)), (date(2025, 12, 31), None)):
        found = [in_reporting_currency(Decimal(10), currency, day) for currency in ("EUR", "USD", "GBP")]
        assert found == [(Decimal(10), "EUR"), (dollars, "EUR"), (None, "EUR")]


def test_trailing_revenue_is_of_a_year_and_unknown_when_a_part_is() -> None:
    make_organisation(reporting_currency="USD")
    FxRate.objects.create(currency="EUR", on_day=date(2020, 1, 1), rate=Decimal(2))
    known, unknown, silent = make_account(), make_account(), make_account()
    spend(known, "10", TODAY)
    spend(known, "5", TODAY - timedelta(days=364), "EUR")
    spend(known, "100", TODAY - timedelta(days=365))
    spend(known, "100", TODAY + timedelta(days=1))
    spend(unknown, "10", TODAY)
    spend(unknown, "10", TODAY, "GBP")
    found = trailing_revenue([known.id, unknown.id, silent.id], TODAY)
    assert found == {known.id: Decimal(20), unknown.id: None}


def test_medians_of_tiers_are_of_known_revenue_only() -> None:
    make_organisation(reporting_currency="USD")
    for amount in (100, 200, 600):
        make_account(tier="growth", arr_amount=Decimal(amount), arr_currency="USD")
    make_account(tier="growth", arr_amount=Decimal(9999), arr_currency="GBP")
    spend(make_account(tier="starter"), "30", TODAY)
    make_account(tier="silent")
    refresh_tier_revenue(NOW)
    assert {row.tier: (row.median, row.accounts) for row in TierRevenue.objects.all()} == {
        "growth": (Decimal(200), 3),
        "starter": (Decimal(30), 1),
    }
    make_account(tier="starter", arr_amount=Decimal(50), arr_currency="USD")
    refresh_tier_revenue(NOW + timedelta(hours=1))
    assert TierRevenue.objects.get(tier="starter").accounts == 1
    refresh_tier_revenue(NOW + timedelta(hours=7))
    assert TierRevenue.objects.get(tier="starter").median == Decimal(40)


def make_contract(account: Account, **fields: Any) -> Contract:
    terms = {"starts_on": TODAY, "ends_on": TODAY + timedelta(days=400), "external_id": str(uuid4())}
    return Contract.objects.create(account=account, source_id=uuid4(), **(terms | fields))


@pytest.mark.parametrize(("days", "stands"), [(-1, False), (0, True), (30, True), (31, False)])
def test_the_red_line_of_a_notice_date(days: int, stands: bool) -> None:
    account = make_account()
    make_contract(account, notice_on=TODAY + timedelta(days=days))
    assert red_lines([account.id], NOW) == ({account.id: ("notice_date",)} if stands else {})


def test_no_notice_date_or_an_ended_contract_is_no_red_line() -> None:
    account = make_account()
    make_contract(account)
    make_contract(account, notice_on=TODAY, ended_early_on=TODAY)
    assert red_lines([account.id], NOW) == {}


@pytest.mark.parametrize(
    ("days", "stakeholder", "stands"),
    [(0, "sponsor", True), (89, "sponsor", True), (90, "sponsor", False), (-1, "sponsor", False), (0, "user", False)],
)
def test_the_red_line_of_a_sponsor_who_left(days: int, stakeholder: str, stands: bool) -> None:
    account = make_account()
    Contact.objects.create(
        account=account,
        source_id=uuid4(),
        external_id="C1",
        name="Cy",
        stakeholder=stakeholder,
        left_on=TODAY - timedelta(days=days),
    )
    assert red_lines([account.id], NOW) == ({account.id: ("sponsor_left",)} if stands else {})


def test_a_flag_stands_until_it_is_lifted_and_lines_keep_their_order() -> None:
    account, other, ana = make_account(), make_account(), make_user("ana")
    make_contract(account, notice_on=TODAY)
    flag_red_line(account=account, kind=RedLine.LEGAL, why="Letter from a lawyer", by=ana, now=NOW)
    flag_red_line(account=account, kind=RedLine.CANCELLATION, why="They asked", by=ana, now=NOW)
    flag_red_line(account=account, kind=RedLine.CANCELLATION, why="Again", by=ana, now=NOW + timedelta(days=1))
    assert red_lines([account.id, other.id], NOW) == {account.id: ("cancellation", "legal", "notice_date")}
    lift_red_line(account=account, kind=RedLine.LEGAL, by=ana, now=NOW + timedelta(hours=1))
    assert red_lines([account.id], NOW + timedelta(hours=2))[account.id] == ("cancellation", "notice_date")
    assert "legal" in red_lines([account.id], NOW)[account.id]
    with pytest.raises(AccountRefused):
        lift_red_line(account=account, kind=RedLine.LEGAL, by=ana, now=NOW)
    with pytest.raises(AccountRefused):
        flag_red_line(account=account, kind=RedLine.LEGAL, why=" ", by=ana, now=NOW)
    assert RedLineFlag.objects.count() == 2
    assert sorted(Act.objects.values_list("verb", flat=True)) == [
        "red_line_flagged",
        "red_line_flagged",
        "red_line_lifted",
    ]


def test_a_person_is_appointed_and_the_team_follows() -> None:
    north, south = make_team("North"), make_team("South")
    ana, ben, boss = make_user("ana", team=north), make_user("ben", team=south), make_user("boss", role=Role.MANAGER)
    account = make_account(csm=ana)
    set_account_person(account=account, role=AccountRole.CSM, user=ben, by=boss, now=NOW)
    set_account_person(account=account, role=AccountRole.CSM, user=ben, by=boss, now=NOW)
    account.refresh_from_db()
    assert account.team == south
    assert Act.objects.get().data == {"role": "csm", "from": "ana", "to": "ben"}
    found = value_as_of(account.id, "people.csm", NOW)
    assert found is not None
    assert (found.value, found.source) == ("ben", "boss")
    set_account_person(account=account, role=AccountRole.CSM, user=None, by=boss, now=NOW)
    assert not AccountPerson.objects.exists()
    with pytest.raises(AccountRefused, match="has left"):
        set_account_person(
            account=account, role=AccountRole.CSM, user=make_user("gone", is_active=False), by=boss, now=NOW
        )


def test_a_person_logs_what_happened_and_nothing_else() -> None:
    ana, account = make_user("ana"), make_account()
    log_activity(account=account, kind=ActivityKind.CALL, summary=" Talked about seats ", by=ana, now=NOW)
    activity = Activity.objects.get()
    assert (activity.summary, activity.by, activity.happened_at) == ("Talked about seats", ana, NOW)
    stranger = Contact.objects.create(account=make_account(), source_id=uuid4(), external_id="C", name="Cy")
    for bad in (
        {"kind": ActivityKind.TICKET},
        {"summary": " "},
        {"happened_at": NOW + timedelta(hours=1)},
        {"contact_id": stranger.id},
    ):
        terms: dict[str, Any] = {"kind": ActivityKind.NOTE, "summary": "x"} | bad
        with pytest.raises(AccountRefused):
            log_activity(account=account, by=ana, now=NOW, **terms)
    assert Activity.objects.count() == Act.objects.count() == 1


def test_archiving_hides_and_restoring_brings_back() -> None:
    ana, account = make_user("ana", role=Role.OPS), make_account("Fictional Foods")
    archive_account(account=account, by=ana, now=NOW, why="Merged")
    archive_account(account=account, by=ana, now=NOW, why="Merged")
    assert names(ana) == []
    restore_account(account=account, by=ana, now=NOW)
    assert names(ana) == ["Fictional Foods"]
    assert sorted(Act.objects.values_list("verb", flat=True)) == ["archived", "restored"]
    with pytest.raises(AccountRefused):
        archive_account(account=account, by=ana, now=NOW, why="")


def test_the_page_of_an_account_shows_what_is_known(source: Source) -> None:
    make_organisation(reporting_currency="USD")
    ana = make_user("ana", team=make_team())
    account = make_account(
        csm=ana,
        source=source,
        external_id="A1",
        arr_amount=Decimal(1200),
        arr_currency="USD",
        renews_on=TODAY + timedelta(days=10),
    )
    make_contract(account, notice_on=TODAY + timedelta(days=5))
    FieldValue.objects.create(
        account=account,
        field="arr",
        value={"amount": "1200.00", "currency": "USD"},
        source_id=source.id,
        observed_at=NOW - timedelta(days=200),
    )
    remember(account, None, NOW - timedelta(days=1))
    log_activity(account=account, kind=ActivityKind.NOTE, summary="Later", by=ana, now=NOW)
    spend(account, "30", TODAY)
    view = account_view(account, ana, NOW)
    assert (view.facts.arr, view.facts.trailing_revenue) == (Decimal(1200), Decimal(30))
    assert (view.facts.renews_in_days, view.facts.notice_on) == (10, TODAY + timedelta(days=5))
    assert view.facts.red_lines == (RedLine.NOTICE_DATE,)
    assert view.facts.keys == ["A1"]
    assert [(value.field, value.value, value.source) for value in view.values] == [("arr", "$1,200", source.name)]
    assert view.last_touch is not None
    assert view.last_touch.summary == "Later"
    assert [person.user for person in view.people] == [ana]


def names(user: User, text: str = "") -> list[str]:
    found = search_accounts(Account.objects.visible_to(user).filter(archived_at=None), text)
    return list(found.values_list("name", flat=True))


def test_accounts_are_found_by_name_domain_and_external_id(source: Source) -> None:
    ops = make_user("ops", role=Role.OPS)
    make_account("Fictional Foods", domain="foods.example", external_id="A1", source=source)
    make_account("Fictional Films", domain="films.example", external_id="A2", source=source)
    assert names(ops) == ["Fictional Films", "Fictional Foods"]
    assert names(ops, "foo") == ["Fictional Foods"]
    assert names(ops, "films.exam") == ["Fictional Films"]
    assert names(ops, "https://www.films.example/") == ["Fictional Films"]
    assert names(ops, "A1") == ["Fictional Foods"]
    assert names(ops, "%") == []


def test_people_see_the_accounts_that_are_theirs() -> None:
    north, south = make_team("North"), make_team("South")
    ana, ben = make_user("ana", team=north), make_user("ben", team=south)
    lead = make_user("lead", role=Role.MANAGER)
    south.lead = lead
    south.save()
    make_account("Of Ana", csm=ana)
    make_account("Of nobody")
    helped = make_account("Of Ben", csm=ben)
    AccountPerson.objects.create(account=helped, role=AccountRole.MARKETER, user=ana)
    assert names(ana) == ["Of Ana", "Of Ben"]
    assert names(ben) == ["Of Ben"]
    assert names(lead) == ["Of Ben"]
    assert names(make_user("chief", role=Role.LEADER)) == ["Of Ana", "Of Ben", "Of nobody"]
    spend(helped, "1", TODAY)
    assert LedgerEntry.objects.visible_to(ben).count() == 1
    ben.is_active = False
    assert names(ben) == []
    assert LedgerEntry.objects.visible_to(ben).count() == 0


def test_two_sources_with_one_name_are_told_apart(source: Source) -> None:
    """A source made for a person does not take the slug of another source."""
    ana, account = make_user("ana"), make_account()
    make_source("ana")
    log_activity(account=account, kind=ActivityKind.NOTE, summary="x", by=ana, now=NOW)
    assert Source.objects.get(person=ana).slug != "ana"


@pytest.mark.parametrize(("role", "is_catch_all", "sees"), [
    (Role.MANAGER, True, True), (Role.MANAGER, False, False), (Role.CSM, True, False),
])  # fmt: skip
def test_an_account_of_no_team_is_the_catch_alls_if_they_manage(role: Role, is_catch_all: bool, sees: bool) -> None:
    reader = make_user("reader", role=role)
    make_organisation(catch_all=reader if is_catch_all else make_user("somebody"))
    of_no_team = make_account("Acme")
    make_account("Of a team", team=make_team("Others"))
    assert list(Account.objects.visible_to(reader)) == ([of_no_team] if sees else [])
