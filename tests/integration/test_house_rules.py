"""House rules: every kind can be listed, taken as a file and changed; nothing unsafe goes through; all is on record."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import FxRate
from core.models import Act, BusinessCalendar, Organisation, Team, User
from core.services import print_of
from cx_ops.house import RULE_KINDS
from decisions.models import CoolDown
from playbooks.models import CloseReason, ServiceLevel
from tests.factories import make_team, make_user
from tests.floor import Floor, signed_in


@pytest.fixture
def floor(db: None) -> Floor:
    BusinessCalendar.objects.create(name="Lisbon", timezone="Europe/Lisbon")
    FxRate.objects.create(currency="EUR", on_day=date(2026, 1, 1), rate=Decimal("1.1"))
    return Floor()


@pytest.fixture
def manager(floor: Floor) -> Client:
    return signed_in(floor.lead)


def change(client: Client, kind: str, row: Any, **values: Any) -> Any:
    """Post the form of a row as it stands, with some values changed."""
    url = reverse("house_rule", args=[kind, row.pk])
    page = client.get(url)
    form = page.context["form"]
    shown = {name: form[name].value() for name in form.fields}
    data = {name: value for name, value in shown.items() if value not in (None, False)}
    return client.post(url, data | {"seen": page.context["seen"]} | values)


@pytest.mark.parametrize("kind", RULE_KINDS)
def test_every_kind_is_a_list_a_file_and_a_form(floor: Floor, manager: Client, kind: str) -> None:
    url = reverse("house_rules_of", args=[kind])
    page = manager.get(url)
    assert page.status_code == 200
    file = b"".join(manager.get(url, {"format": "csv"}).streaming_content).decode()  # type: ignore[attr-defined]
    assert len(file.splitlines()) == len(page.context["rows"]) + 1
    row = next(row for row in RULE_KINDS[kind].rows() if RULE_KINDS[kind].may_change(row))
    assert manager.get(reverse("house_rule", args=[kind, row.pk])).status_code == 200
    answer = manager.get(reverse("house_rule_new", args=[kind]))
    assert answer.status_code == (200 if RULE_KINDS[kind].may_add() else 404)
    assert manager.get(reverse("house_rule", args=[kind, "nobody"])).status_code == 404


@pytest.mark.parametrize("kind", RULE_KINDS)
def test_saving_what_is_there_changes_nothing(floor: Floor, manager: Client, kind: str) -> None:
    row = next(row for row in RULE_KINDS[kind].rows() if RULE_KINDS[kind].may_change(row))
    assert change(manager, kind, row).status_code == 302
    assert not Act.objects.filter(verb="rule_changed").exists()


def test_a_level_says_what_hangs_on_it_and_is_on_record(floor: Floor, manager: Client) -> None:
    floor.task()
    level = ServiceLevel.objects.get(tier="")
    page = manager.get(reverse("house_rule", args=["service-levels", level.pk])).content.decode()
    assert "1 open urgent task; " in page
    assert change(manager, "service-levels", level, acknowledge_hours=2).status_code == 302
    act = Act.objects.get(verb="rule_changed")
    assert (act.by, act.data["before"], act.data["after"]) == (
        floor.lead, {"acknowledge_hours": 4}, {"acknowledge_hours": 2},
    )  # fmt: skip
    trail = manager.get(reverse("audit")).content.decode()
    assert "changed the house rule <strong>service level default</strong>: acknowledge hours" in trail
    assert "4 → 2" in manager.get(reverse("house_rules_of", args=["service-levels"])).content.decode()


def test_what_makes_no_sense_is_refused_with_what_was_typed(floor: Floor, manager: Client) -> None:
    level = ServiceLevel.objects.get(tier="")
    calendar = BusinessCalendar.objects.get()
    general = CoolDown.objects.filter(type=None).exclude(days=None)[0]
    every_day = "\n".join(date.fromordinal(date(2026, 1, 1).toordinal() + n).isoformat() for n in range(3000))
    for kind, row, wrong in (
        ("service-levels", level, {"touch_hours": 1}),
        ("service-levels", level, {"acknowledge_hours": 0}),
        ("working-hours", calendar, {"closes": "08:00"}),
        ("working-hours", calendar, {"weekdays": []}),
        ("working-hours", calendar, {"timezone": "Lisbon"}),
        ("working-hours", calendar, {"holidays": "25/12/2026"}),
        ("working-hours", calendar, {"holidays": every_day}),
        ("cool-downs", general, {"days": ""}),
        ("cool-downs", general, {"days": 3, "for_good": "on"}),
        ("people", floor.ana, {"daily_cap": 0}),
        ("people", floor.ana, {"team": ""}),
        ("organisation", Organisation.objects.get(), {"catch_all": ""}),
    ):
        answer = change(manager, kind, row, **wrong)
        assert answer.status_code == 422, (kind, wrong)
        assert answer.context["form"].errors
    assert not Act.objects.filter(verb="rule_changed").exists()


def test_a_pool_and_a_lead_do_not_both_go(floor: Floor, manager: Client) -> None:
    lone = make_team("Lone")
    user = make_user("solo", team=lone, in_pool=True)
    assert change(manager, "people", user, in_pool="").status_code == 422
    make_user("duo", team=lone, in_pool=True)
    assert change(manager, "people", user, in_pool="").status_code == 302
    assert not User.objects.get(pk=user.pk).in_pool


def test_a_team_with_work_cannot_be_put_away(floor: Floor, manager: Client) -> None:
    answer = change(manager, "teams", floor.team, is_active="")
    assert answer.status_code == 422
    assert "1 account," in answer.content.decode()
    empty = make_team("Empty", lead=floor.lead)
    assert change(manager, "teams", empty, is_active="").status_code == 302
    assert not Team.objects.get(pk=empty.pk).is_active


def test_a_team_without_a_lead_needs_a_catch_all(floor: Floor, manager: Client) -> None:
    Organisation.objects.update(catch_all=None)
    assert change(manager, "teams", floor.team, lead="").status_code == 422


def test_the_second_writer_is_told(floor: Floor, manager: Client) -> None:
    level = ServiceLevel.objects.get(tier="")
    seen = print_of(level, RULE_KINDS["service-levels"].fields)
    ServiceLevel.objects.update(acknowledge_hours=3)
    url = reverse("house_rule", args=["service-levels", level.pk])
    answer = manager.post(url, {"acknowledge_hours": 7, "touch_hours": 9, "seen": seen})
    assert answer.status_code == 409
    assert "<dt>Acknowledge within (working hours)</dt><dd>3</dd>" in answer.content.decode()
    assert 'value="7"' in answer.content.decode()
    assert "Somebody changed it while you had it open here." in answer.content.decode()
    assert ServiceLevel.objects.get(tier="").acknowledge_hours == 3
    assert manager.post(f"{url}remove/", {"seen": seen}).status_code == 302
    assert ServiceLevel.objects.filter(tier="").exists()


def test_whoever_was_quicker_is_named(floor: Floor, manager: Client) -> None:
    level = ServiceLevel.objects.get(tier="")
    fields = RULE_KINDS["service-levels"].fields
    seen = print_of(level, fields)
    url = reverse("house_rule", args=["service-levels", level.pk])
    data = {"acknowledge_hours": 7, "touch_hours": 9, "seen": seen}
    assert manager.post(url, data).status_code == 302
    again = manager.post(url, data | {"touch_hours": 10}).content.decode()
    assert "You, in another window, changed it while you had it open here." in again
    other = Client()
    other.force_login(make_user("mona", role="manager"))
    told = other.post(url, data | {"touch_hours": 10}).content.decode()
    assert f"{floor.lead} changed it while you had it open here." in told


def test_rows_are_added_once_and_removed(floor: Floor, manager: Client) -> None:
    floor.new_account("Strategic", tier="enterprise")
    url = reverse("house_rule_new", args=["service-levels"])
    data = {"tier": "enterprise", "acknowledge_hours": 1, "touch_hours": 4}
    assert manager.post(url, data).status_code == 302
    assert manager.post(url, data).status_code == 422
    level = ServiceLevel.objects.get(tier="enterprise")
    seen = print_of(level, RULE_KINDS["service-levels"].fields)
    assert (
        manager.post(reverse("house_rule_remove", args=["service-levels", level.pk]), {"seen": seen}).status_code == 302
    )
    assert not ServiceLevel.objects.filter(tier="enterprise").exists()
    assert list(Act.objects.values_list("verb", flat=True).order_by("at", "id"))[-2:] == ["rule_added", "rule_removed"]


def test_a_reason_keeps_its_slug_and_two_of_a_name_are_refused(floor: Floor, manager: Client) -> None:
    url = reverse("house_rule_new", args=["close-reasons"])
    data = {"outcome": "lost", "name": "Went bankrupt", "is_active": "on"}
    assert manager.post(url, data).status_code == 302
    assert manager.post(url, data | {"name": "went  bankrupt"}).status_code == 422
    reason = CloseReason.objects.get(name="Went bankrupt")
    assert change(manager, "close-reasons", reason, name="Insolvent").status_code == 302
    assert CloseReason.objects.get(pk=reason.pk).slug == "went-bankrupt"


def test_a_cool_down_for_good_and_one_of_a_type(floor: Floor, manager: Client) -> None:
    url = reverse("house_rule_new", args=["cool-downs"])
    page = manager.get(url).content.decode()
    assert "Choose a type" in page, "a new one can only be of a type"
    assert 'value="fixed"' not in page, "a fault of a source is no insight"
    data = {"outcome": "no_change", "type": "churn_risk", "for_good": "on"}
    assert manager.post(url, data).status_code == 302
    assert CoolDown.objects.get(type="churn_risk", outcome="no_change").days is None
    again = manager.post(url, data)
    assert again.status_code == 422
    twin = CoolDown.objects.get(type="churn_risk", outcome="no_change")
    assert f'href="{reverse("house_rule", args=["cool-downs", twin.pk])}">Change “No change, Churn risk”' in (
        again.content.decode()
    ), "the one that is there is a click away"
    general = manager.post(url, {"outcome": "no_change", "days": "3"})
    assert set(general.context["form"].errors) == {"type"}, "all types have theirs: the type is what is missing"


def test_people_are_counted_as_the_page_of_people_counts_them(floor: Floor, manager: Client) -> None:
    calendar = BusinessCalendar.objects.get()
    User.objects.update(calendar=calendar)
    make_user("noor", role="leader", calendar=calendar)
    people = RULE_KINDS["people"].rows().count()
    page = manager.get(reverse("house_rules_of", args=["working-hours"])).content.decode()
    assert f"{people} people work by it" in page


def test_a_rate_is_shown_as_somebody_would_write_it(floor: Floor, manager: Client) -> None:
    row = FxRate.objects.get()
    assert 'value="1.1"' in manager.get(reverse("house_rule", args=["exchange-rates", row.pk])).content.decode()
    page = manager.get(reverse("house_rule", args=["exchange-rates", row.pk])).content.decode()
    assert "EUR from 1 Jan 2026" in page
    assert "A newer rate is added" in page
    assert change(manager, "exchange-rates", row, rate="1.25").status_code == 302
    page = manager.get(reverse("house_rules_of", args=["exchange-rates"])).content.decode()
    assert "<strong>EUR 2026-01-01</strong>: One unit is worth 1.1 → 1.25" in page


def test_hours_and_holidays_are_kept(floor: Floor, manager: Client) -> None:
    calendar = BusinessCalendar.objects.get()
    assert change(
        manager, "working-hours", calendar, opens="08:30", weekdays=["0", "1"], holidays="2026-12-25, 2026-12-24"
    ).status_code == 302  # fmt: skip
    calendar.refresh_from_db()
    assert (calendar.opens, calendar.weekdays) == (time(8, 30), [0, 1])
    assert calendar.holidays == [date(2026, 12, 24), date(2026, 12, 25)]


def test_operations_keeps_hours_and_a_manager_changes_no_manager(floor: Floor) -> None:
    ops = signed_in(make_user("otto", role="ops"))
    calendar = BusinessCalendar.objects.get()
    assert change(ops, "working-hours", calendar, name="Porto").status_code == 302
    assert ops.get(reverse("house_rule_new", args=["teams"])).status_code == 403
    manager = signed_in(floor.lead)
    assert manager.get(reverse("house_rule", args=["people", floor.lead.pk])).status_code == 404


def test_an_empty_installation_names_its_organisation_once(db: None) -> None:
    Organisation.objects.all().delete()
    ops = signed_in(make_user("otto", role="ops"))
    url = reverse("house_rule_new", args=["organisation"])
    assert url in ops.get(reverse("house_rules_of", args=["organisation"])).content.decode()
    data = {"name": "Our firm", "reporting_currency": "EUR", "timezone": "UTC"}
    catch_all = User.objects.get(username="otto").pk
    assert ops.post(url, data).status_code == 422
    assert ops.post(url, data | {"catch_all": catch_all}).status_code == 302
    assert Organisation.objects.get().reporting_currency == "EUR"
    assert ops.get(url).status_code == 404


def test_the_currency_does_not_change_under_open_tasks(floor: Floor, manager: Client) -> None:
    organisation = Organisation.objects.get()
    assert change(manager, "organisation", organisation, reporting_currency="eur").status_code == 422
    assert change(manager, "organisation", organisation, reporting_currency="EUR").status_code == 302
    floor.task()
    answer = change(manager, "organisation", organisation, reporting_currency="CHF")
    assert answer.status_code == 422
    assert "ranked by its worth in EUR" in answer.content.decode()


def test_a_currency_has_one_rate_a_day_and_ones_own_none(floor: Floor, manager: Client) -> None:
    url = reverse("house_rule_new", args=["exchange-rates"])
    data = {"currency": "GBP", "on_day": "2026-01-01", "rate": "1.27"}
    assert manager.post(url, data).status_code == 302
    assert manager.post(url, data).status_code == 422
    assert manager.post(url, data | {"currency": "USD"}).status_code == 422
    assert manager.post(url, data | {"currency": "pounds"}).status_code == 422
    assert "GBP from 2026-01-01" in manager.get(reverse("audit")).content.decode()


def test_somebody_new_can_log_in_and_choose_a_password_of_their_own(floor: Floor, manager: Client) -> None:
    url = reverse("house_rule_new", args=["people"])
    data = {
        "username": "nell", "email": "Nell@example.com", "first_name": "Nell", "last_name": "Fernley",
        "password": "a first one, long", "team": floor.lead.team_id, "daily_cap": "5",
    }  # fmt: skip
    assert manager.post(url, data | {"password": "short"}).status_code == 422
    assert manager.post(url, data | {"email": floor.ana.email.upper()}).status_code == 422
    assert manager.post(url, data).status_code == 302
    nell = User.objects.get(username="nell")
    assert (nell.role, nell.is_staff, nell.is_superuser) == ("csm", False, False)
    assert "password" not in str(Act.objects.get(verb="rule_added").data)
    theirs = Client()
    assert theirs.login(username="nell", password=data["password"])
    change_url = reverse("password")
    new = {"new_password1": "her own words, longer", "new_password2": "her own words, longer"}
    assert theirs.post(change_url, new | {"old_password": "guessed"}).status_code == 422
    assert theirs.post(change_url, new | {"old_password": data["password"]}).status_code == 302
    assert theirs.get(reverse("preferences")).status_code == 200, "this session stays"
    assert not Client().login(username="nell", password=data["password"])
    assert Client().login(username="nell", password=new["new_password1"])
