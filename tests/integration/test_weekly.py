"""The weekly review on its page."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Pair
from core.bulk import database_now
from core.models import Act
from cx_ops.pipeline import tick_all
from cx_ops.weekly.sections import load_sections
from cx_ops.weekly.week import week_named, week_of
from intake.models import ApiToken, Delivery, Import, RowWarning, Source, Webhook
from playbooks.services.tasks import close_task
from tests.factories import (
    NOW,
    make_source,
    make_token,
    make_user,
    make_webhook,
)
from tests.feeds import days, send
from tests.floor import Floor, signed_in

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
WEEK = week_of(NOW.date())


def texts(floor: Floor, name: str) -> list[str]:
    [section] = [section for section in load_sections(WEEK, floor.lead, NOW) if section.name == name]
    assert section.count >= len(section.lines)
    return [f"{line.text} | {line.note}" for line in section.lines]


def test_what_was_not_taken_and_what_nobody_fills_or_reads(floor: Floor, feed: Source) -> None:
    send(feed, NOW, rows=40, name="", region="", header=("external_id", "name", "region", "plan_code"))
    assert texts(floor, "refused") == ["Crm: 40 of 40 accounts not taken | "]
    unused = texts(floor, "unused")
    assert "Crm: nobody fills “region” of accounts | blank in all 40 rows of four weeks" in unused
    assert "Crm: nothing reads plan_code of accounts | sent, and mapped to no field" in unused
    Import.objects.update(status="draft")
    assert not [line for line in texts(floor, "unused") if "nothing reads" in line], "a draft has brought nothing yet"


def test_cells_that_were_left_out_and_pairs_that_wait_are_on_it(floor: Floor, feed: Source) -> None:
    send(feed, NOW, rows=3)
    of = Import.objects.get()
    for row in (1, 2):
        RowWarning.objects.create(of=of, row=row, column="arr", code="invalid", message="No number.", value="x")
    assert texts(floor, "refused") == ["Crm: 2 cells left out | crm.csv"]
    assert texts(floor, "merges") == []
    one, other = sorted((floor.new_account("One"), floor.new_account("Other")), key=lambda account: account.pk)
    Pair.objects.create(first=one, second=other, rule="domain", evidence={}, pattern="p", found_at=NOW)
    assert texts(floor, "merges") == ["1 pair of accounts or people waits | "]
    Import.objects.update(finished_at=database_now())
    client = signed_in(floor.lead)
    assert [row["Cells left out in 28 days"] for row in sources(client) if row["Source"] == "Crm"] == ["2"]
    assert ">2 cells</a>" in client.get("/sources/crm/").content.decode()
    Import.objects.update(status="undone", finished_at=NOW)
    assert texts(floor, "refused") == []


def sources(client: Client) -> list[dict[str, str]]:
    file = b"".join(client.get("/sources/?format=csv").streaming_content)  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(file.decode())))


def test_a_file_that_waits_for_somebody_is_on_it(floor: Floor, feed: Source) -> None:
    send(feed, NOW, rows=3)
    Import.objects.update(status="draft")
    assert texts(floor, "refused") == ["Crm: a file waits to be confirmed | crm.csv"]
    Import.objects.update(created_at=WEEK.ends)
    assert texts(floor, "refused") == [], "it came in the week after"


def test_a_feed_that_was_not_well_leads_to_its_task(floor: Floor, feed: Source) -> None:
    days(feed, until=NOW)
    tick_all(NOW + 30 * HOUR)
    [section] = [section for section in load_sections(WEEK, floor.lead, NOW) if section.name == "troubles"]
    assert [(line.text, line.state) for line in section.lines] == [("Crm: late, nothing for 30 hours", "Still so")]
    page = signed_in(floor.lead).get(f"/review/weekly/?week={WEEK.key}").content.decode()
    assert "Open the task" in page


def test_a_file_that_failed(floor: Floor) -> None:
    Import.objects.create(
        source=floor.source, kind="accounts", filename="bad.csv", stored_as="x", sha256="", created_at=NOW,
        finished_at=NOW, status="failed", message="Cut off.",
    )  # fmt: skip
    assert texts(floor, "failures") == ["bad.csv | Cut off."]


def test_a_token_that_has_expired_and_a_webhook_that_fails_are_on_it(floor: Floor, feed: Source) -> None:
    assert texts(floor, "connections") == []
    make_token(feed)
    ApiToken.objects.update(expires_at=NOW - HOUR)
    hook = make_webhook(floor.lead)
    assert texts(floor, "connections")[1:] == [], "nothing of it has failed"
    Webhook.objects.update(failures=2)
    assert texts(floor, "connections") == [
        f"Crm: its API token has expired | on {NOW - HOUR:%-d %b %Y}; what it sends by API is refused",
        f"{hook.source}: its webhook fails | ",
    ]
    send(feed, NOW, rows=3)
    assert texts(floor, "connections") == [f"{hook.source}: its webhook fails | "], "something has come since"
    Webhook.objects.update(failures=0)
    Delivery.objects.update(status="dead", ended_at=NOW)
    assert texts(floor, "connections") == [], "a test is none of its messages"
    Delivery.objects.update(happening="decision.made")
    assert texts(floor, "connections") == [f"{hook.source}: its webhook failed | 1 message given up"]
    Delivery.objects.update(ended_at=NOW - timedelta(days=8))
    assert texts(floor, "connections") == []


def test_all_lines_of_a_section_are_a_click_away(floor: Floor) -> None:
    for number in range(11):
        make_source(f"left{number}")
    client = signed_in(floor.lead)
    page = client.get(f"/review/weekly/?week={WEEK.key}").content.decode()
    more = f"?week={WEEK.key}&amp;all=unowned#unowned"
    assert f'<a href="{more}">and 4 more</a>' in page
    whole = client.get("/review/weekly/" + more.partition("#")[0].replace("&amp;", "&")).content.decode()
    assert (page.count("no backup, no runbook"), whole.count("no backup, no runbook")) == (8, 12)
    assert "more</a>" not in whole


def test_sources_that_lack_something(floor: Floor) -> None:
    make_source("whole", owner=floor.ana, backup=floor.bea, cadence_hours=24, runbook="Call.")
    make_source("left", owner=make_user("gone", is_active=False), backup=floor.bea, cadence_hours=24, runbook="Call.")
    assert texts(floor, "unowned") == [
        "House | no owner, no backup, no runbook",
        "Left | no owner",
    ]


def test_tasks_that_were_closed_past_their_playbook(floor: Floor) -> None:
    hasty, stepless = floor.task(), floor.task(account=floor.new_account("Slow"))
    for task, after in ((hasty, timedelta(seconds=20)), (stepless, HOUR)):
        close_task(task_id=task.pk, by=floor.ana, version=task.version, outcome="no_change", now=task.opened_at + after)
    playbook = stepless.run.version.playbook
    assert texts(floor, "workarounds") == [f"{playbook.name}: 2 tasks | Slow, {hasty.account}"]
    floor.lead.is_staff = True
    [section] = [section for section in load_sections(WEEK, floor.lead, NOW) if section.name == "workarounds"]
    assert [line.url for line in section.lines] == [reverse("admin:playbooks_playbook_change", args=[playbook.pk])]


def test_who_went_through_it_is_written_down(floor: Floor) -> None:
    client = signed_in(floor.lead)
    answer = client.post(f"/review/weekly/?week={WEEK.key}", {"note": "Asked billing."})
    assert answer.status_code == 302
    act = Act.objects.get(verb="reviewed")
    assert (act.by, act.why, act.data) == (floor.lead, "Asked billing.", {"week": WEEK.key})
    assert "“Asked billing.”" in client.get(f"/review/weekly/?week={WEEK.key}").content.decode()
    leader = signed_in(make_user("lou", role="leader"))
    assert leader.post(f"/review/weekly/?week={WEEK.key}").status_code == 403
    assert Act.objects.filter(verb="reviewed").count() == 1


@pytest.mark.parametrize("week", ["2026-W99", "nonsense", "9999-W01", "0001-W01", "2026"])
def test_a_week_that_is_none_is_not_found(floor: Floor, week: str) -> None:
    assert signed_in(floor.lead).get("/review/weekly/", {"week": week}).status_code == 404


def test_weeks_have_keys() -> None:
    week = week_named("2026-W10", date(2026, 11, 26))
    assert week is not None
    assert (week.monday, week.sunday, week.key) == (date(2026, 3, 2), date(2026, 3, 8), "2026-W10")
