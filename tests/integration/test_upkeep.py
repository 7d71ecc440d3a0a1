"""What keeps the installation tidy: old answers go, callers are counted once, absences, signs of life, files."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.http import HttpRequest
from django.test import Client
from redis.exceptions import ConnectionError as RedisAway

from core.export import Column, csv_file, wants_csv
from core.models import Absence, Act, Heartbeat, StoredResponse
from core.services import AbsenceRefused, end_absence, forget_answers, set_absence
from cx_ops import tasks
from tests.conftest import ApiClient
from tests.factories import NOW, make_user

pytestmark = pytest.mark.django_db
LIST = "/api/v1/insights"
DAY = timedelta(days=1)


def answer_of_age(days: int) -> StoredResponse:
    made = StoredResponse.objects.create(principal="token:x", key=f"k{days}", request_hash="", status=200, body=b"{}")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE core_storedresponse SET created_at = clock_timestamp() - make_interval(days => %s) WHERE id = %s",
            [days, made.pk],
        )
    return made


def test_answers_are_forgotten_after_a_week() -> None:
    fresh, old = answer_of_age(6), answer_of_age(8)
    assert forget_answers() == 1
    assert list(StoredResponse.objects.all()) == [fresh]
    assert not StoredResponse.objects.filter(pk=old.pk).exists()


def test_the_tick_forgets_and_leaves_a_sign_of_life() -> None:
    answer_of_age(30)
    tasks.tick()
    assert not StoredResponse.objects.exists()
    assert Heartbeat.objects.filter(name="tick").exists()


def remaining(api: ApiClient) -> int:
    return int(api.read(LIST)["RateLimit-Remaining"])


def test_all_processes_count_a_callers_requests_together(api: ApiClient) -> None:
    first = remaining(api)
    caches["default"].clear()  # as another process, which has nothing of its own yet
    assert remaining(api) == first - 1


@pytest.mark.parametrize("error", [RedisAway("refused"), ValueError("flushed")])
def test_without_the_shared_cache_a_process_counts_for_itself(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    calls = []

    def away(*args: Any, **kwargs: Any) -> None:
        calls.append(args)
        raise error

    monkeypatch.setattr(caches["shared"], "add", away)
    first = remaining(api)
    assert remaining(api) == first - 1
    assert len(calls) == 1, "a cache that is away is left alone for a while"


def test_an_absence_begins_and_ends_with_an_act() -> None:
    ana = make_user("ana")
    set_absence(user=ana, active_from=NOW, active_to=NOW + 5 * DAY, note="Leave", by=ana, now=NOW)
    absence = Absence.objects.get()
    end_absence(absence=absence, by=ana, now=NOW + DAY)
    absence.refresh_from_db()
    assert absence.active_to == NOW + DAY
    assert list(Act.objects.order_by("at").values_list("verb", flat=True)) == ["away", "back"]


def test_an_absence_that_has_not_begun_is_taken_back() -> None:
    ana = make_user("ana")
    later = set_absence(user=ana, active_from=NOW + DAY, active_to=NOW + 2 * DAY, by=ana, now=NOW)
    end_absence(absence=later, by=ana, now=NOW)
    assert not Absence.objects.exists()


@pytest.mark.parametrize(
    ("begins", "ends", "field"), [(2, 1, "last_day"), (-3, -2, "last_day"), (1, 3, "first_day"), (0, 9, "first_day")]
)
def test_an_absence_without_sense_is_refused(begins: int, ends: int, field: str) -> None:
    ana = make_user("ana")
    set_absence(user=ana, active_from=NOW + 2 * DAY, active_to=NOW + 4 * DAY, by=ana, now=NOW)
    with pytest.raises(AbsenceRefused) as refusal:
        set_absence(user=ana, active_from=NOW + begins * DAY, active_to=NOW + ends * DAY, by=ana, now=NOW)
    assert refusal.value.field == field
    assert Absence.objects.count() == 1


def test_a_list_is_a_file_that_runs_nothing() -> None:
    columns = [Column[tuple[Any, ...]](f"c{n}", lambda row, n=n: row[n]) for n in range(5)]
    rows = [("=1+1", None, Decimal("-5.30"), datetime(2026, 3, 2, 12, tzinfo=UTC), date(2026, 3, 2))]
    answer = csv_file("things", columns, rows)
    assert answer["Content-Disposition"] == 'attachment; filename="things.csv"'
    found = list(csv.reader(b"".join(answer).decode().splitlines()))
    assert found == [
        ["c0", "c1", "c2", "c3", "c4"],
        ["'=1+1", "", "-5.30", "2026-03-02T12:00:00+00:00", "2026-03-02"],
    ]


def test_a_list_is_a_file_when_the_address_says_so() -> None:
    request = HttpRequest()
    assert not wants_csv(request)
    request.GET = request.GET.copy()
    request.GET["format"] = "csv"
    assert wants_csv(request)


def test_the_mailbox_is_offered_only_where_messages_stay(client: Client, settings: Any) -> None:
    client.force_login(make_user("ana"))
    assert 'href="/mailbox/"' in client.get("/preferences/").content.decode()
    settings.EMAIL_HOST = "mail.example.com"
    assert 'href="/mailbox/"' not in client.get("/preferences/").content.decode()
