"""The page of an account: its timeline, its health, its people, its values of a day, and what one writes there."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.enums import ActivityKind, Forecast
from accounts.models import Activity, Contract, FieldValue, LedgerEntry
from accounts.queries import shown_values
from accounts.queries.page import usage_readings
from accounts.services import ForecastChanged, set_forecast
from core.bulk import database_now
from core.models import Act
from cx_ops.account_health import Signs, read_health
from cx_ops.account_timeline import KINDS, CursorRefused, fold_quiet, load_timeline
from cx_ops.stakeholder_map import draw_dots
from cx_ops.timeline_entries import Entry
from decisions.enums import OutcomeKind
from playbooks.models import RunStep, Task, TaskNote
from playbooks.services.runs import RunRefused, advance_runs
from playbooks.services.tasks import close_task
from playbooks.services.touches import log_touch
from tests.factories import NOW, make_account, make_activity, make_contact, make_contract, make_team, make_user
from tests.floor import Floor, signed_in

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
TITLE = "Churn risk: house-logit says so, without facts"


def titles(account: Any, **options: Any) -> list[str]:
    return [entry.title for entry in load_timeline(account, **options).entries]


def test_whom_a_step_means_is_marked_among_people_of_the_same_name(floor: Floor) -> None:
    first = make_contact(floor.account, "Kim Alike", email="kim@acme.example", stakeholder="champion")
    make_contact(floor.account, "Kim Alike", email="other@acme.example", stakeholder="user")
    path = f"/accounts/{floor.account.pk}/"
    assert "Main contact" not in signed_in(floor.ana).get(path).content.decode(), "nothing is open"
    floor.task("0.95")
    page = signed_in(floor.ana).get(path)
    assert page.context["page"].main_contact == str(first.pk)
    assert page.content.decode().count("Main contact") == 1


# ── Timeline ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_everything_that_happened_is_on_one_timeline_newest_first(floor: Floor) -> None:
    account = floor.account
    make_activity(account, "ticket", summary="Cannot sign in", happened_at=NOW - 3 * DAY, source_id=floor.source.pk)
    LedgerEntry.objects.create(
        account=account, source_id=floor.source.pk, external_id="L1", kind="renewal",
        happened_on=(NOW - 4 * DAY).date(), amount=Decimal(1200), currency="USD",
    )  # fmt: skip
    task = floor.task("0.95")
    TaskNote.objects.create(task=task, by=floor.ana, text="Called them", at=NOW + DAY)
    task.refresh_from_db()
    done: dict[str, Any] = {"outcome": OutcomeKind.RISK_RESOLVED, "note": "All is well"}
    close_task(task_id=task.pk, by=floor.ana, version=task.version, now=NOW + 2 * DAY, **done)
    entries = load_timeline(account).entries
    assert [entry.title for entry in entries] == [
        "Risk resolved", "Note on the task", TITLE, "Churn risk within 90 days, how likely is not said",
        "Cannot sign in",
        "Renewal of $1,200",
    ]  # fmt: skip
    assert entries[0].text == "All is well"
    assert entries[1].meta.endswith("Ana")
    assert entries[4].meta == "Ticket · House"
    assert "from House, model house-logit 1" in entries[3].meta
    kept = {kind: titles(account, kind=kind) for kind in KINDS}
    assert kept["tasks"] == ["Note on the task", TITLE]
    assert kept["outcomes"] == ["Risk resolved"]
    assert kept["orders"] == ["Renewal of $1,200"]
    assert kept["signals"] == ["Cannot sign in"]
    assert kept["insights"] == ["Churn risk within 90 days, how likely is not said"]


def test_the_mail_of_a_playbook_is_on_the_timeline(floor: Floor) -> None:
    floor.insight("0.80")
    advance_runs(NOW)
    [entry] = load_timeline(floor.account, kind="emails").entries
    assert "Internal e-mail to Ana" in entry.meta


def test_pages_of_the_timeline_lose_nothing_and_show_nothing_twice(floor: Floor) -> None:
    """Also where many things happened at one moment, of several sorts."""
    account = floor.account
    for number in range(12):
        make_activity(account, ("call", "ticket", "email")[number % 3], happened_at=NOW, summary=f"a{number}")
    floor.insight("0.95")
    expected = load_timeline(account, shown=100).entries
    seen, cursor = [], ""
    while True:
        page = load_timeline(account, before=cursor, shown=4)
        seen += page.entries
        cursor = page.older
        if not cursor:
            break
    assert seen == expected
    assert len(seen) == 14


def test_usage_readings_stand_apart_and_say_what_they_count(floor: Floor) -> None:
    for number in range(3):
        day = NOW - (3 - number) * DAY
        text = f"{690 + number} people active in the week"
        make_activity(floor.account, "usage", value=690 + number, summary=text, happened_at=day)
    make_activity(floor.account, "ticket", summary="Cannot sign in", happened_at=NOW)
    assert titles(floor.account) == ["Cannot sign in"]
    assert len(titles(floor.account, kind="signals")) == 4
    assert usage_readings(floor.account)[-1].unit == "people active in the week"
    body = signed_in(floor.ana).get(f"/accounts/{floor.account.pk}/").content.decode()
    assert "people active in the week: 690 in" in body


@pytest.mark.parametrize("cursor", ["x", "2026-01-01~0~x", f"2026-01-01T00:00:00~0~{UUID(int=1)}"])
def test_a_bad_cursor_is_refused(floor: Floor, cursor: str) -> None:
    with pytest.raises(CursorRefused):
        load_timeline(floor.account, before=cursor)
    assert signed_in(floor.ana).get(f"/accounts/{floor.account.pk}/", {"before": cursor}).status_code == 404


def test_the_page_costs_the_same_queries_whatever_happened(floor: Floor) -> None:
    client = signed_in(floor.ana)

    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"/accounts/{floor.account.pk}/").status_code == 200
        return len(captured)

    floor.task("0.95")
    make_activity(floor.account, by=floor.ana)
    make_contact(floor.account)
    make_contract(floor.account)
    client.get("/accounts/")
    few = count()
    for number in range(60):
        make_activity(floor.account, ("call", "usage")[number % 2], value=number, happened_at=NOW - number * DAY)
        make_contact(floor.account, f"Cy {number}", influence=1 + number % 5, sentiment=number % 5 - 2)
    assert count() == few


# ── Health, people, terms ─────────────────────────────────────────────────────────────────────────────────────────


LOST_ON = date(2026, 10, 7)
GIVEN_UP = "Given up as lost on 7 Oct 2026: its task was closed so"


@pytest.mark.parametrize(
    ("signs", "label", "first"),
    [
        (Signs(), "Steady", "Nothing speaks against it"),
        (Signs(quiet_days=60), "Steady", "Nothing speaks against it"),
        (Signs(watched="Churn risk"), "Steady", "Nothing to act on; on the watch list: Churn risk"),
        (Signs(quiet_days=61), "Attention", "No call, meeting or note for 61 days"),
        (Signs(unhappy=("sponsor", "champion")), "Attention", "Unhappy: sponsor, champion"),
        (Signs(forecast=Forecast.AT_RISK, unhappy=("champion",)), "At risk", "Renewal forecast: in doubt"),
        (Signs(risk="Churn risk, confidence 93 %"), "At risk", "Churn risk, confidence 93 %"),
        (Signs(red_lines=("sponsor_left",), risk="Churn risk, confidence 90 %"), "Urgent", "Sponsor left"),
        (Signs(ends_in=30, risk="Churn risk"), "Urgent", "Term ends in 30 days, no new one is signed"),
        (Signs(ends_in=31), "Steady", "Nothing speaks against it"),
        (Signs(ends_in=-31, red_lines=("legal",)), "Ended", "Term ended 31 days ago, no new one"),
        (Signs(lost_on=LOST_ON), "At risk", GIVEN_UP),
        (Signs(lost_on=LOST_ON, ends_in=4, risk="Churn risk"), "At risk", GIVEN_UP),
        (Signs(lost_on=LOST_ON, red_lines=("legal",)), "Urgent", "Legal matter"),
        (Signs(lost_on=LOST_ON, ends_in=-1), "Ended", "Term ended 1 day ago, no new one"),
    ],
)
def test_health_is_the_worst_sign_and_says_why(signs: Signs, label: str, first: str) -> None:
    health = read_health(signs)
    assert (health.label, health.reasons[0]) == (label, first)


def test_the_map_places_who_is_known_and_still_there() -> None:
    account = make_account()
    people = [
        make_contact(account, "Al Able", stakeholder="champion", influence=5, sentiment=2),
        make_contact(account, "Bo Bell", stakeholder="sponsor", influence=1, sentiment=-2),
        make_contact(account, "Ed Else", stakeholder="sponsor", influence=3, sentiment=0, left_on=date(2026, 1, 1)),
        make_contact(account, "Flo Fern", influence=None, sentiment=0),
        *(make_contact(account, f"Gus {number}", influence=3, sentiment=0) for number in range(5)),
    ]
    dots = {dot.text: dot for dot in draw_dots(people)}
    assert set(dots) == {"AA", "BB", "G0", "G1", "+3"}
    assert dots["AA"].y < dots["G0"].y < dots["BB"].y
    assert dots["BB"].x < dots["G0"].x < dots["AA"].x


def test_values_are_read_as_of_a_day(floor: Floor) -> None:
    account = floor.account
    for at, tier in ((NOW - 30 * DAY, "mid"), (NOW - 10 * DAY, "strategic")):
        FieldValue.objects.create(account=account, field="tier", value=tier, source_id=floor.source.pk, observed_at=at)
    FieldValue.objects.create(
        account=account, field="people.csm", value="ana", source_id=floor.source.pk, observed_at=NOW - 20 * DAY
    )
    today = {value.field: value for value in shown_values(account.pk, NOW)}
    assert (today["tier"].value, today["tier"].now, today["people.csm"].value) == ("Strategic", "", "Ana")
    then = {value.field: value for value in shown_values(account.pk, NOW, at=NOW - 15 * DAY)}
    assert (then["tier"].value, then["tier"].now) == ("Mid", "Strategic")
    assert shown_values(account.pk, NOW, at=NOW - 15 * DAY, known_at=NOW - 15 * DAY) == []
    page = signed_in(floor.ana).get(f"/accounts/{account.pk}/", {"as_of": "2026-02-15"}).content.decode()
    assert "now Strategic" in page
    wrong = signed_in(floor.ana).get(f"/accounts/{account.pk}/", {"as_of": "31.3."}).content.decode()
    assert "Write the day as 2026-03-31." in wrong


# ── Forecast ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_forecast_is_changed_once_and_noted(floor: Floor) -> None:
    contract = make_contract(floor.account, ends_on=database_now().date() + timedelta(days=60))
    client = signed_in(floor.ana)
    url = f"/contracts/{contract.pk}/forecast/"
    answer = client.post(url, {"was": "unknown", "forecast": "at_risk"})
    assert answer["Location"] == f"/accounts/{floor.account.pk}/#contracts"
    client.post(url, {"was": "unknown", "forecast": "at_risk"})
    act = Act.objects.get(verb="forecast")
    assert (act.by, act.data["from"], act.data["to"]) == (floor.ana, "unknown", "at_risk")
    with pytest.raises(ForecastChanged, match="In doubt"):
        set_forecast(contract_id=contract.pk, was=Forecast.UNKNOWN, to=Forecast.COMMIT, by=floor.bea, now=NOW)
    late = client.post(url, {"was": "commit", "forecast": "likely"}, follow=True)
    assert "Meanwhile it was set" in late.content.decode()
    wrong = client.post(url, {"was": "commit", "forecast": "sure"}, follow=True)
    assert "Choose one of" in wrong.content.decode()
    assert Contract.objects.get().forecast == Forecast.AT_RISK


def test_a_foreign_contract_is_not_found(floor: Floor) -> None:
    stranger = make_user("cy", team=make_team("South"))
    contract = make_contract(make_account(csm=stranger))
    with pytest.raises(Contract.DoesNotExist):
        set_forecast(contract_id=contract.pk, was=Forecast.UNKNOWN, to=Forecast.COMMIT, by=floor.ana, now=NOW)


# ── Touches ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_touch_is_one_field_and_a_kind(floor: Floor) -> None:
    client = signed_in(floor.ana)
    url = f"/accounts/{floor.account.pk}/touch/"
    client.post(url, {"kind": "call", "text": " They stay \nOn the old price."})
    activity = Activity.objects.get()
    assert (activity.kind, activity.summary, activity.body, activity.by) == (
        "call", "They stay", "On the old price.", floor.ana,
    )  # fmt: skip
    client.post(url, {"kind": "note", "text": "x" * 400})
    long = Activity.objects.get(kind="note")
    assert (len(long.summary), long.body) == (300, "x" * 400)
    empty = client.post(url, {"kind": "call", "text": " "})
    assert empty.status_code == 422
    assert "Say in a few words" in empty.content.decode()
    assert client.post(url, {"kind": "ticket", "text": "x"}).status_code == 422


def test_a_touch_is_the_first_touch_of_ones_own_open_tasks(floor: Floor) -> None:
    task, other = floor.task("0.95"), floor.task("0.95", account=floor.new_account("Other"))
    client = signed_in(floor.ana)
    client.post(f"/accounts/{floor.account.pk}/touch/", {"kind": "call", "text": "Talked"})
    task.refresh_from_db()
    other.refresh_from_db()
    assert (task.touched_at is None, other.touched_at is None) == (False, True)
    version = task.version
    client.post(f"/accounts/{floor.account.pk}/touch/", {"kind": "call", "text": "Talked again"})
    assert Task.objects.get(pk=task.pk).version == version


def test_a_touch_ticks_the_step_that_it_was(floor: Floor) -> None:
    task = floor.task("0.95")
    step = RunStep.objects.filter(run=task.run, status="open").first()
    assert step is not None
    client = signed_in(floor.ana)
    client.post(f"/accounts/{floor.account.pk}/touch/", {"kind": "call", "text": "Talked", "step": str(step.pk)})
    step.refresh_from_db()
    assert (step.status, step.done_by) == ("done", floor.ana)
    foreign = floor.task("0.95", account=floor.new_account("Other"))
    theirs = RunStep.objects.filter(run=foreign.run).first()
    assert theirs is not None
    answer = client.post(f"/accounts/{floor.account.pk}/touch/", {"kind": "call", "text": "x", "step": str(theirs.pk)})
    assert answer.status_code == 422


def test_a_step_that_cannot_be_ticked_leaves_nothing_half_written(floor: Floor) -> None:
    task = floor.task("0.95")
    step = RunStep.objects.filter(run=task.run).first()
    assert step is not None
    close_task(task_id=task.pk, by=floor.ana, version=task.version, outcome=OutcomeKind.NO_CHANGE, note="", now=NOW)
    with pytest.raises(RunRefused):
        log_touch(
            account=floor.account, kind=ActivityKind.CALL, summary="x", by=floor.ana, run_step_id=step.pk, now=NOW
        )
    assert not Activity.objects.exists()


def test_a_run_of_insights_that_led_to_nothing_is_one_line(floor: Floor) -> None:
    for day in range(4):
        floor.insight("0.20", NOW - timedelta(days=9 - day), model="vendor")
    floor.task()
    entries = load_timeline(floor.account).entries
    assert [len(entry.folded) for entry in entries] == [0] * (len(entries) - 1) + [4]
    assert entries[-1].title == "4 insights, nothing to do"


def test_use_is_folded_among_everything_and_not_by_itself() -> None:
    use = [Entry(NOW, "data", "4 events", tone="minor")] * 3
    quiet = Entry(NOW, "insight", "Churn risk, confidence 20 %", tone="minor")
    [line] = fold_quiet([*use, quiet], use=True)
    assert (line.title, len(line.folded)) == ("1 insight, nothing to do · 3 days of use", 4)
    assert fold_quiet([*use, quiet], use=False) == [*use, quiet]
