"""Events: what the doors of Segment's and PostHog's clients take, and what becomes of it (INTAKE.md, Events)."""

from __future__ import annotations

import gzip
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Account, Event, EventKey
from accounts.services import keep_events
from core.bulk import database_now, execute, fetch_all
from core.models import Batch
from intake.enums import Scope
from intake.models import Quarantined, Source
from intake.services.quarantine import discard_quarantined, replay_quarantined
from tests.conftest import ApiClient
from tests.factories import make_account, make_source, make_token, make_user
from tests.senders import Sender, track

pytestmark = pytest.mark.django_db
MIB = 1024 * 1024


@pytest.fixture
def sender(source: Source) -> Sender:
    return Sender(source)


@pytest.fixture
def acme(source: Source) -> Account:
    return make_account("Acme", external_id="ACME", source=source)


PATHS = [f"/v1/{verb}" for verb in ("batch", "identify", "track", "page", "screen", "group", "alias")] + ["/batch"]


@pytest.mark.parametrize("path", [*PATHS, *(f"{path}/" for path in PATHS)])
def test_every_path_takes_with_and_without_the_slash(sender: Sender, path: str) -> None:
    message = {"userId": "u1", "event": "x", "groupId": "ACME", "previousId": "p1", "messageId": path}
    body = {"batch": [{"type": "track", **message}]} if "batch" in path else message
    answer = sender.post(body, path)
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    wanted = path.strip("/").removeprefix("v1/")
    assert Event.objects.get().kind == ("track" if wanted == "batch" else wanted)
    assert not Quarantined.objects.exists()


@pytest.mark.parametrize("how", ["basic", "bearer", "writeKey", "api_key"])
def test_the_key_may_stand_in_four_places(sender: Sender, how: str) -> None:
    body: dict[str, Any] = {"batch": [track()]}
    headers = {"Authorization": ""}
    if how == "basic":
        headers = {}
    elif how == "bearer":
        headers = {"Authorization": f"Bearer {sender.key}"}
    else:
        body[how] = sender.key
    assert sender.post(body, **headers).status_code == 200
    assert Event.objects.count() == 1


def test_basic_comes_before_the_body(sender: Sender) -> None:
    assert sender.post({"batch": [track()], "writeKey": "cxo_wrong"}).status_code == 200
    assert sender.post({"batch": [track("m2")], "writeKey": sender.key}, Authorization="Basic !").status_code == 200


@pytest.mark.parametrize("key", ["", "cxo_unknown", "cxo_aaaaaaaa_" + "a" * 43])
def test_only_an_unknown_key_is_401(sender: Sender, key: str) -> None:
    answer = sender.post({"batch": [track()], "writeKey": key}, Authorization="")
    assert answer.status_code == 401
    assert answer.json()["success"] is False
    assert all(answer.json()[name] for name in ("code", "message", "detail"))
    assert not Event.objects.exists()


def test_a_token_without_the_scope_is_refused(sender: Sender, source: Source) -> None:
    sender.key = make_token(source, Scope.ACCOUNTS_WRITE)[1]
    answer = sender.post({"batch": [track()]})
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def test_content_type_means_nothing_and_gzip_is_known_by_header_or_by_itself(sender: Sender) -> None:
    packed = gzip.compress(json.dumps({"batch": [track("a")]}).encode())
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    assert sender.post(packed, **form).status_code == 200
    again = gzip.compress(json.dumps({"batch": [track("b")]}).encode())
    assert sender.post(again, Content_Encoding="gzip", **form).status_code == 200
    assert sender.post({"batch": [track("c")]}, **form).status_code == 200
    assert Event.objects.count() == 3


def test_too_large_is_413_packed_and_unpacked(sender: Sender) -> None:
    large = b'{"batch": [], "padding": "' + b"x" * (6 * MIB) + b'"}'
    for body in (large, gzip.compress(large), gzip.compress(b"0" * (300 * MIB))):
        answer = sender.post(body)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("body", [b"{", b"", b"\x1f\x8b broken", b'{"batch": [NaN]}'])
def test_what_is_no_json_is_400_with_a_code(sender: Sender, body: bytes) -> None:
    answer = sender.post(body)
    assert answer.status_code == 400
    assert answer.json()["code"] in ("invalid_json", "invalid_gzip")


def test_get_is_405_with_a_code(sender: Sender) -> None:
    answer = sender.client.get("/v1/batch")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_back_pressure_is_503_with_retry_after(sender: Sender, settings: Any) -> None:
    Batch.objects.create(stage="resolve", size=1)
    execute("UPDATE core_batch SET created_at = now() - interval '1 hour'")
    answer = sender.post({"batch": [track()]})
    assert (answer.status_code, answer.json()["code"]) == (503, "behind")
    assert int(answer["Retry-After"]) > 0
    assert not Event.objects.exists()


def test_too_many_calls_are_429_with_retry_after(sender: Sender, settings: Any) -> None:
    settings.CX_API_REQUESTS_PER_MINUTE = 1
    assert sender.post({"batch": []}).status_code == 200
    answer = sender.post({"batch": []})
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
    assert int(answer["Retry-After"]) > 0


# ── One bad one does not spoil the others ────────────────────────────────────────────────────────────────────────

BAD = [
    (5, "invalid"),
    ({"type": "dance", "userId": "u1"}, "unknown_type"),
    ({"userId": "u1", "messageId": "x"}, "unknown_type"),
    ({"type": "track", "userId": "u1"}, "required"),
    ({"type": "track", "event": "x"}, "required"),
    ({"type": "track", "event": "x", "userId": "anonymous"}, "required"),
    ({"type": "track", "event": "x" * 201, "userId": "u1"}, "too_long"),
    ({"type": "track", "event": "x", "userId": "u" * 201}, "too_long"),
    ({"type": "track", "event": "x", "userId": "u1", "timestamp": "yesterday"}, "not_a_time"),
    ({"type": "track", "event": "x", "userId": "u1", "timestamp": "2200-01-01T00:00:00Z"}, "in_future"),
    ({"type": "track", "event": "x", "userId": "u1", "timestamp": "1999-01-01T00:00:00Z"}, "too_old"),
    ({"type": "track", "event": "x", "userId": "u1", "properties": [1]}, "invalid"),
    ({"type": "identify", "userId": "u1", "traits": {"email": "no address"}}, "invalid"),
    ({"type": "group", "userId": "u1"}, "required"),
    ({"type": "alias", "userId": "u1"}, "required"),
]


@pytest.mark.parametrize(("bad", "code"), BAD)
def test_a_bad_one_is_quarantined_with_its_reason(sender: Sender, bad: Any, code: str) -> None:
    sender.batch(track("a"), bad, track("b"))
    assert Event.objects.count() == 2
    kept = Quarantined.objects.get()
    assert (kept.code, kept.source, kept.kind) == (code, sender.source, "messages")
    assert kept.message
    assert json.loads(kept.payload) == bad


def test_500_with_one_bad_are_one_call(sender: Sender, acme: Account) -> None:
    messages = [track(f"m{number}", context={"groupId": "ACME"}) for number in range(500)]
    messages[250]["event"] = None
    sender.batch(*messages)
    assert Event.objects.filter(account=acme).count() == 499
    assert Quarantined.objects.count() == 1


@pytest.mark.parametrize("body", [{"batch": "none"}, {"no": "batch"}, 5, "text", None])
def test_json_that_is_no_batch_is_kept_and_answered_with_200(sender: Sender, body: Any) -> None:
    assert sender.post(body).status_code == 200
    assert Quarantined.objects.count() == 1


def test_a_batch_that_the_database_refuses_is_tried_one_by_one(sender: Sender) -> None:
    huge = {"properties": {"n": "x"}, "messageId": "huge"}
    bad = json.dumps(track(**huge)).replace('"x"', "1" + "0" * 200_000)  # more digits than a number may have
    good = json.dumps(track("good"))
    assert sender.post(f'{{"batch": [{good}, {bad}]}}'.encode()).status_code == 200
    assert Event.objects.count() == 1
    assert Quarantined.objects.get().code == "failed"


def test_control_characters_are_taken_out(sender: Sender) -> None:
    sender.batch(track(event="Re\u0000port \u202eopened"))
    event = Event.objects.get()
    assert (event.name, event.payload["event"]) == ("Report opened", "Report opened")


# ── Once ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_retry_with_another_sent_at_changes_nothing(sender: Sender) -> None:
    for sent in ("2026-11-26T10:00:00Z", "2026-11-26T10:00:09Z"):
        sender.batch(track("a", sentAt=sent), track("b", sentAt=sent), sentAt=sent)
    assert Event.objects.count() == 2


def test_the_same_id_twice_in_one_batch_is_one(sender: Sender) -> None:
    sender.batch(track("a"), track("a"))
    assert Event.objects.count() == 1


def test_two_sources_may_use_the_same_id(sender: Sender) -> None:
    sender.batch(track("a"))
    Sender(make_source("other")).batch(track("a"))
    assert Event.objects.count() == 2


def test_posthogs_uuid_is_a_key_too(sender: Sender) -> None:
    event = {"event": "Report opened", "distinct_id": "u1", "uuid": "6f0c1c9e-0000-4000-8000-000000000001"}
    for _ in range(2):
        assert sender.post({"batch": [event], "api_key": sender.key}, "/batch/", Authorization="").status_code == 200
    assert Event.objects.get().name == "Report opened"


def test_without_a_key_the_content_is_the_key(sender: Sender) -> None:
    nameless = {"type": "track", "event": "x", "userId": "u1", "timestamp": "2026-11-20T10:00:00Z"}
    for _ in range(2):
        sender.batch(nameless, nameless)
    assert Event.objects.count() == 2


# ── Times ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_wrong_clock_is_corrected_and_all_four_times_are_kept(sender: Sender) -> None:
    ahead = timezone.now() + timedelta(hours=2)
    said, sent = ahead - timedelta(minutes=10), ahead
    sender.batch(track(timestamp=said.isoformat()), sentAt=sent.isoformat())
    event = Event.objects.get()
    assert (event.said_at, event.sent_at) == (said, sent)
    assert event.at == event.received_at - (sent - said)
    assert abs(event.received_at - timezone.now()) < timedelta(minutes=1)


def test_original_timestamp_serves_and_no_time_means_now(sender: Sender) -> None:
    said = timezone.now() - timedelta(days=3)
    sender.batch(track("a", originalTimestamp=said.isoformat()), track("b"))
    assert Event.objects.get(said_at=said).at == said
    other = Event.objects.get(said_at=None)
    assert other.at == other.received_at


def test_old_events_are_legitimate(sender: Sender) -> None:
    said = timezone.now() - timedelta(days=400)
    sender.batch(track(timestamp=said.isoformat()), sentAt=timezone.now().isoformat())
    assert abs(Event.objects.get().at - said) < timedelta(minutes=1)


# ── Quarantine ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_fits_now_is_replayed_once_and_the_rest_stays(sender: Sender) -> None:
    ops = make_user("olga", role="ops")
    soon = timezone.now() + timedelta(minutes=30)
    sender.batch(track("a", timestamp=soon.isoformat()), {"type": "dance"}, sentAt=timezone.now().isoformat())
    assert Quarantined.objects.count() == 2
    later = soon + timedelta(minutes=1)
    done = replay_quarantined(by=ops, now=later)
    assert (done.taken, done.left) == (1, 1)
    assert done.why
    event = Event.objects.get()
    assert abs(event.at - soon) < timedelta(seconds=10)
    assert event.received_at < later - timedelta(minutes=20)
    assert replay_quarantined(by=ops, now=later).taken == 0
    assert Event.objects.count() == 1


def test_discarding_needs_words(sender: Sender) -> None:
    ops = make_user("olga", role="ops")
    sender.batch({"type": "dance"})
    kept = Quarantined.objects.get()
    with pytest.raises(Exception, match="Say why"):
        discard_quarantined(ids=[kept.pk], why=" ", by=ops, now=database_now())
    assert discard_quarantined(ids=[kept.pk], why="A test of theirs.", by=ops, now=database_now()) == 1
    kept.refresh_from_db()
    assert (kept.discarded, kept.why, kept.settled_by) == (True, "A test of theirs.", ops)


# ── Bulk and files ───────────────────────────────────────────────────────────────────────────────────────────────


def test_bulk_answers_for_each(api: ApiClient, acme: Account) -> None:
    about = {"account": {"external_id": "ACME"}}
    items = [
        {"external_id": "e1", "name": "Login", "happened_at": "2026-11-20T10:00:00Z", **about},
        {"external_id": "e1", "name": "Login", "happened_at": "2026-11-20T10:00:00Z", **about},
        {"external_id": "e2", "name": "Login", "happened_at": "2026-11-20T10:00:00Z", "user_id": "u1"},
        {"external_id": "e3", "name": "Login", "happened_at": "2026-11-20T10:00:00Z"},
        {"external_id": "e4", "name": "Login", "happened_at": "2026-11-20T10:00:00"},
        {"external_id": "e5", "name": "Login", "happened_at": "2026-11-20T10:00:00Z",
         "account": {"external_id": "A", "source": "nowhere"}},
    ]  # fmt: skip
    answer = api.send("/api/v1/events/bulk", items)
    assert answer.status_code == 200, answer.content
    assert [row["status"] for row in answer.json()["results"]] == [
        "accepted", "duplicate", "parked", "rejected", "rejected", "rejected",
    ]  # fmt: skip
    assert Event.objects.get(account=acme).name == "Login"
    assert not Quarantined.objects.exists()


def test_bulk_needs_the_scope(source: Source) -> None:
    api = ApiClient(make_token(source, Scope.ACCOUNTS_WRITE)[1])
    assert api.send("/api/v1/events/bulk", []).status_code == 403


# ── Partitions ───────────────────────────────────────────────────────────────────────────────────────────────────


def partitions() -> set[str]:
    return {
        name
        for (name,) in fetch_all(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = 'accounts_event'::regclass"
        )
    }


def test_partitions_are_made_ahead_and_take_along_what_was_there(sender: Sender, acme: Account) -> None:
    said = timezone.now() - timedelta(days=200)
    sender.batch(track(groupId="ACME", timestamp=said.isoformat()))
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    keep_events(said)
    name = f"accounts_event_{said:%Y_%m}"
    assert name in partitions()
    assert fetch_all(f"SELECT count(*) FROM {name}") == [(1,)]  # noqa: S608 - ours
    assert Event.objects.get().account == acme


def test_months_that_are_over_are_dropped_whole_with_their_keys(sender: Sender, settings: Any) -> None:
    said = timezone.now() - timedelta(days=200)
    sender.batch(track("a", timestamp=said.isoformat()), track("b"))
    keep_events(said)
    sender.batch(track("c", timestamp=(said - timedelta(days=90)).isoformat()))
    settings.CX_EVENT_MONTHS = 2
    keep_events(database_now())
    assert f"accounts_event_{said:%Y_%m}" not in partitions()
    assert Event.objects.count() == 1
    assert EventKey.objects.count() == 1


def test_a_moment_is_read_from_the_message(sender: Sender) -> None:
    said = datetime.fromisoformat("2026-11-20T10:00:00+00:00")
    sender.batch(track(timestamp="2026-11-20T10:00:00"))
    assert Event.objects.get().said_at == said
