"""Pulls: read on a schedule from a real server, unchanged ones left alone, inner addresses refused."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.test import Client

from accounts.models import Account
from core.models import Alert
from intake.enums import PullFormat, PullOutcome
from intake.models import Import, Pull, PullRun
from intake.queries.health import find_troubles
from intake.rules.pulling import next_due, retry_due
from intake.services import run_due_pulls, run_waiting_imports
from intake.services.pulls import PullRefused, run_now
from tests.factories import NOW, make_pull
from tests.floor import Floor, signed_in

pytestmark = pytest.mark.django_db
CSV = b"account_id,name,tier\nA1,Bolt,Key\n"


class Office:
    """A server of somebody else's: what it says next, and the headers it was asked with."""

    def __init__(self) -> None:
        self.status, self.body, self.headers, self.asked = 200, CSV, {}, []
        office = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                office.asked.append(dict(self.headers.items()))
                etag = office.headers.get("ETag")
                same = etag is not None and self.headers.get("If-None-Match") == etag
                self.send_response(304 if same else office.status)
                for name, value in office.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if not same:
                    self.wfile.write(office.body)

            def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/exports/accounts.csv"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def office() -> Iterator[Office]:
    made = Office()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def folder(settings: Any, tmp_path: Any) -> None:
    settings.CX_DATA_DIR = tmp_path


def outcomes(pull: Pull) -> list[str]:
    return [str(run.outcome) for run in PullRun.objects.filter(pull=pull)]


@pytest.mark.usefixtures("folder")
def test_a_csv_goes_the_way_of_an_upload(floor: Floor, office: Office) -> None:
    pull = make_pull(floor.source, floor.lead, office.url, header_name="Authorization", header_value="Bearer s3cret")
    assert run_due_pulls(NOW) == 1
    assert office.asked[0]["Authorization"] == "Bearer s3cret"
    made = Import.objects.get()
    assert (made.filename, made.source, made.kind) == ("accounts.csv", floor.source, "accounts")
    run_waiting_imports(NOW)
    assert Account.objects.get(name="Bolt").tier == "key"
    assert PullRun.objects.get().import_id == made.pk
    pull.refresh_from_db()
    assert pull.due_at == NOW + timedelta(hours=24)
    assert run_due_pulls(NOW) == 0


@pytest.mark.usefixtures("folder")
def test_what_has_not_changed_does_nothing(floor: Floor, office: Office) -> None:
    """By its tag, and by its content where it has none."""
    pull = make_pull(floor.source, floor.lead, office.url)
    for day, headers in enumerate(({"ETag": '"1"'}, {"ETag": '"1"'}, {})):
        office.headers = headers
        run_due_pulls(NOW + timedelta(days=day))
    assert outcomes(pull) == [PullOutcome.UNCHANGED, PullOutcome.UNCHANGED, PullOutcome.IMPORTED]
    office.body = CSV + b"A2,Nut,Mid\n"
    run_due_pulls(NOW + timedelta(days=3))
    assert outcomes(pull)[0] == PullOutcome.IMPORTED
    assert Import.objects.count() == 2


@pytest.mark.usefixtures("folder")
def test_json_is_turned_to_rows(floor: Floor, office: Office) -> None:
    jay = {"account_id": "J1", "name": "Jay", "arr": 12.5, "currency": "EUR"}
    office.body = json.dumps({"data": {"items": [jay, {"account_id": "J2", "name": "Kay", "tier": None}]}}).encode()
    make_pull(floor.source, floor.lead, office.url, format=PullFormat.JSON, list_at="/data/items")
    run_due_pulls(NOW)
    run_waiting_imports(NOW)
    assert str(Account.objects.get(name="Jay").arr_amount) == "12.50"
    assert Account.objects.get(name="Kay").tier == ""


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("status", "body", "terms", "said"),
    [
        (500, b"", {}, "500"),
        (302, b"", {}, "302"),
        (200, b"", {}, "empty"),
        (200, b"no,such\n1,2\n", {}, ""),
        (200, b"{", {"format": PullFormat.JSON}, "not JSON"),
        (200, b'{"a": 1}', {"format": PullFormat.JSON}, "no list"),
        (200, b"[1]", {"format": PullFormat.JSON}, "no list"),
        (200, b"[{}]", {"format": PullFormat.JSON}, "no object"),
        (200, b"[]", {"format": PullFormat.JSON, "list_at": "/x"}, "nothing at"),
    ],
)
def test_a_failure_is_told_and_tried_again_soon(
    floor: Floor, office: Office, status: int, body: bytes, terms: dict[str, Any], said: str
) -> None:
    office.status, office.body = status, body
    pull = make_pull(floor.source, floor.lead, office.url, **terms)
    run_due_pulls(NOW)
    run = PullRun.objects.get()
    assert run.outcome == PullOutcome.FAILED
    assert said in run.message
    assert Alert.objects.filter(kind="pull_failed").exists()
    pull.refresh_from_db()
    assert (pull.failures, pull.due_at) == (1, NOW + timedelta(minutes=5))
    assert not Import.objects.exists()


def test_a_pull_that_goes_on_failing_is_a_trouble_of_its_source(floor: Floor) -> None:
    pull = make_pull(floor.source, floor.lead)
    for hours in range(3):
        assert find_troubles([floor.source], {}, NOW)[floor.source.pk] == []
        run_due_pulls(NOW + timedelta(hours=hours))
    [finding] = find_troubles([floor.source], {}, NOW)[floor.source.pk]
    assert finding.title == "House: the scheduled fetch of accounts fails"
    assert finding.facts[1][1] == "3"
    Pull.objects.filter(pk=pull.pk).update(failures=0)
    assert find_troubles([floor.source], {}, NOW)[floor.source.pk] == []


@pytest.mark.parametrize("url", ["http://169.254.169.254/latest", "https://10.1.2.3/a.csv", "file:///etc/passwd"])
def test_inner_addresses_are_refused(floor: Floor, url: str) -> None:
    with pytest.raises(PullRefused) as refused:
        make_pull(floor.source, floor.lead, url)
    assert refused.value.field == "url"


def test_an_address_that_came_to_lie_inside_is_refused_later(floor: Floor, settings: Any) -> None:
    pull = make_pull(floor.source, floor.lead)
    settings.CX_OUTBOUND_ALLOW = []
    run_due_pulls(NOW)
    assert outcomes(pull) == [PullOutcome.FAILED]


def test_an_inactive_source_is_not_read(floor: Floor) -> None:
    pull = make_pull(floor.source, floor.lead)
    type(floor.source).objects.update(is_active=False)
    assert run_due_pulls(NOW) == 0
    with pytest.raises(PullRefused):
        run_now(pull=pull, by=floor.lead, now=NOW)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (datetime(2026, 3, 27, 12, tzinfo=UTC), datetime(2026, 3, 28, 5, tzinfo=UTC)),
        (datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 29, 4, tzinfo=UTC)),  # the clocks go forward
        (datetime(2026, 3, 28, 4, tzinfo=UTC), datetime(2026, 3, 28, 5, tzinfo=UTC)),
    ],
)
def test_a_time_of_the_day_is_that_of_its_zone(now: datetime, due: datetime) -> None:
    assert next_due(every_hours=None, at_time=time(6), zone="Europe/Berlin", now=now) == due


def test_waits_grow_but_never_beyond_the_schedule() -> None:
    regular = NOW + timedelta(hours=24)
    waits = [retry_due(failures=n, regular=regular, now=NOW) - NOW for n in (1, 2, 3, 20)]
    assert waits == [timedelta(minutes=5), timedelta(minutes=10), timedelta(minutes=20), timedelta(hours=24)]


def test_a_key_is_kept_and_never_shown(floor: Floor) -> None:
    browser: Client = signed_in(floor.lead)
    known = {"kind": "accounts", "url": "http://127.0.0.1:1/a.csv", "format": "csv", "timezone": "UTC"}
    sent = known | {"every_hours": "6", "header_name": "X-Key", "header_value": "s3cret"}
    answer = browser.post("/sources/house/pull/", sent)
    assert answer.status_code == 302
    assert "s3cret" not in browser.get(answer["Location"]).content.decode()
    browser.post(answer["Location"], sent | {"header_value": "", "is_on": "on"})
    assert Pull.objects.get().header_value == "s3cret"
    assert browser.post("/sources/house/pull/", known | {"at_time": "06:00", "every_hours": "6"}).status_code == 422


def test_a_time_that_the_schedule_does_not_say_is_called_what_it_is(floor: Floor) -> None:
    pull = make_pull(floor.source, floor.lead, at_time=time(5, 30))
    for known, said in (({}, "first"), ({"digest": "x"}, "next"), ({"digest": "x", "failures": 2}, "next try")):
        Pull.objects.filter(pk=pull.pk).update(**known)
        page = " ".join(signed_in(floor.lead).get("/sources/house/").content.decode().split())
        assert f"daily at 05:30, UTC · {said} <time" in page
