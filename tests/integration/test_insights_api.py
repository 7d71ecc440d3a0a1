"""POST /api/v1/insights and /insights/bulk: every way a record can go in, or not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import TestCase

from accounts.models import Parked, Resolved
from core.stages import Stage
from insights.models import Insight, ModelVersion
from insights.services import believe_records
from intake.models import Landed, Record, RecordKey, Source
from tests.conftest import ApiClient
from tests.factories import make_account, make_source, make_token

pytestmark = pytest.mark.django_db


def item(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "external_id": "sc-1",
        "type": "churn_risk",
        "account": {"external_id": "A17"},
        "confidence": 0.93,
        "probability": 0.41,
        "horizon_days": 90,
        "model": "house-logit",
        "model_version": "1",
        "scored_at": "2026-03-01T06:00:00Z",
        "reason": "usage_drop",
        "factors": [{"name": "weekly active users", "value": 68, "was": 118, "contribution": 1.2}],
        "talking_points": ["Ask about the admin hand-over"],
    }
    return {name: value for name, value in (base | changes).items() if value is not ...}


def test_one_insight_lands_with_its_record_and_its_pending_row(api: ApiClient, source: Source) -> None:
    make_account(external_id="A17", source=source)
    answer = api.send("/api/v1/insights", item())
    assert answer.status_code == 201, answer.content
    record = Record.objects.get()
    assert answer.json() == {"external_id": "sc-1", "status": "accepted", "id": str(record.id)}
    assert record.payload["confidence"] == 0.93
    assert Landed.objects.get().id == record.id
    assert answer["RateLimit-Limit"]


def test_the_same_again_is_a_duplicate_with_the_first_id(api: ApiClient, source: Source) -> None:
    make_account(external_id="A17", source=source)
    first = api.send("/api/v1/insights", item())
    again = api.send("/api/v1/insights", item())
    assert (again.status_code, again.json()["status"]) == (200, "duplicate")
    assert again.json()["id"] == first.json()["id"]
    assert Record.objects.count() == Landed.objects.count() == 1


def test_an_unknown_account_parks(api: ApiClient) -> None:
    answer = api.send("/api/v1/insights", item())
    assert (answer.status_code, answer.json()["status"]) == (202, "parked")


def test_another_body_under_the_same_id_is_refused(api: ApiClient, source: Source) -> None:
    api.send("/api/v1/insights", item())
    answer = api.send("/api/v1/insights", item(confidence=0.5))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "external_id_reused"
    assert Record.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"type": "nonsense"}, "type", "unknown_type"),
        ({"confidence": 1.0001}, "confidence", "out_of_range"),
        ({"confidence": -0.1}, "confidence", "out_of_range"),
        ({"confidence": "93 %"}, "confidence", "not_a_number"),
        ({"confidence": "NaN"}, "confidence", "out_of_range"),
        ({"confidence": None}, "confidence", "invalid"),
        ({"confidence": ...}, "confidence", "required"),
        ({"confidence": "0.12345678901234567890"}, "confidence", "too_many_decimals"),
        ({"probability": 2}, "probability", "out_of_range"),
        ({"scored_at": "2999-01-01T00:00:00Z"}, "scored_at", "in_future"),
        ({"scored_at": "0001-01-01T00:00:00+23:59"}, "scored_at", "too_old"),
        ({"scored_at": "2026-03-01T06:00:00"}, "scored_at", "no_time_zone"),
        ({"scored_at": "yesterday"}, "scored_at", "not_a_time"),
        ({"colour": "red"}, "colour", "unknown_field"),
        ({"account": {"external_id": "A17", "colour": 1}}, "account.colour", "unknown_field"),
        ({"account": {}}, "account", "one_of"),
        ({"account": {"external_id": "A17", "domain": "example.com"}}, "account", "one_of"),
        ({"account": {"external_id": "A17", "source": "nobody"}}, "account.source", "unknown_source"),
        ({"contact": {}}, "contact", "one_of"),
        ({"external_id": 7}, "external_id", "invalid"),
        ({"external_id": ""}, "external_id", "invalid"),
        ({"horizon_days": 0}, "horizon_days", "invalid"),
        ({"reason": "not a slug"}, "reason", "wrong_form"),
        ({"factors": [{"name": "x"}] * 51}, "factors", "invalid"),
        ({"factors": [{"name": "x", "size": 1}]}, "factors.size", "unknown_field"),
        ({"talking_points": ["x" * 4001]}, "talking_points", "invalid"),
    ],
)
def test_bad_fields_are_named(api: ApiClient, source: Source, changes: dict[str, Any], field: str, code: str) -> None:
    make_account(external_id="A17", source=source)
    answer = api.send("/api/v1/insights", item(**changes))
    assert answer.status_code == 422, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    error = answer.json()["errors"][0]
    assert (error["field"], error["code"]) == (field, code)
    assert error["message"]
    assert not Record.objects.exists()


@pytest.mark.parametrize("body", [b"{", b'{"confidence": NaN}', b"\xff\xfe", b"   ", b'{"a": "\\ud800"}'])
@pytest.mark.parametrize("path", ["/api/v1/insights", "/api/v1/insights/bulk"])
def test_what_is_not_json_is_a_400(api: ApiClient, body: bytes, path: str) -> None:
    answer = api.send(path, body)
    assert answer.status_code == 400, answer.content
    assert answer.json()["detail"]


def test_another_content_type_is_a_415(api: ApiClient) -> None:
    answer = api.send("/api/v1/insights", item(), Content_Type="text/plain")
    assert answer.status_code == 415


def test_a_body_too_large_is_a_413(api: ApiClient, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    answer = api.send("/api/v1/insights", item())
    assert answer.status_code == 413
    assert answer["Content-Type"] == "application/problem+json"


def test_bulk_answers_for_each_item_in_order(api: ApiClient, source: Source) -> None:
    make_account(external_id="A17", source=source)
    answer = api.send(
        "/api/v1/insights/bulk",
        [
            item(),
            item(external_id="sc-2", account={"external_id": "nobody"}),
            item(external_id="sc-3", confidence=3),
            item(),
            item(confidence=0.1),
            17,
        ],
    )
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert [row["status"] for row in body["results"]] == [
        "accepted", "parked", "rejected", "duplicate", "rejected", "rejected",
    ]  # fmt: skip
    assert body["counts"] == {"accepted": 1, "duplicate": 1, "parked": 1, "rejected": 3}
    assert [row["index"] for row in body["results"]] == [0, 1, 2, 3, 4, 5]
    assert body["results"][3]["id"] == body["results"][0]["id"]
    assert body["results"][4]["errors"][0]["code"] == "external_id_reused"
    assert body["results"][2]["external_id"] == "sc-3"


def test_bulk_takes_ndjson_and_a_broken_line_spoils_only_itself(api: ApiClient, source: Source) -> None:
    lines = [json.dumps(item()).encode(), b'{"a": [{}', b"{}]}", json.dumps(item(external_id="sc-2")).encode()]
    answer = api.send("/api/v1/insights/bulk", b"\n".join(lines) + b"\n", Content_Type="application/x-ndjson")
    assert [row["status"] for row in answer.json()["results"]] == ["parked", "rejected", "rejected", "parked"]
    assert answer.json()["results"][1]["errors"][0]["code"] == "malformed"


def test_bulk_says_what_is_too_many(api: ApiClient) -> None:
    answer = api.send("/api/v1/insights/bulk", [1] * 10_001)
    assert answer.status_code == 413
    assert "10000" in answer.json()["detail"]
    assert api.send("/api/v1/insights/bulk", {"not": "a list"}).status_code == 422


def test_text_is_stripped_of_what_cannot_be_seen(api: ApiClient) -> None:
    hidden = "pay\u202e\u200b \x1b[31mnow\u0000\U000e0041"
    api.send("/api/v1/insights", item(talking_points=[hidden], confidence=0.5))
    assert Record.objects.get().payload["talking_points"] == ["pay now"]


def test_confidence_keeps_every_digit(api: ApiClient, source: Source) -> None:
    make_account(external_id="A17", source=source)
    exact = b'"confidence": 0.8999999999999999999'
    body = json.dumps(item()).encode().replace(b'"confidence": 0.93', exact)
    assert api.send("/api/v1/insights", body).status_code == 201
    run_stages()
    assert str(Insight.objects.get().confidence) == "0.8999999999999999999"


def test_ids_of_another_source_by_namespace_or_by_name(api: ApiClient, source: Source) -> None:
    shop = make_source("shop")
    make_account(external_id="A17", source=shop)
    assert api.send("/api/v1/insights", item()).json()["status"] == "parked"
    named = item(external_id="sc-2", account={"external_id": "A17", "source": "shop"})
    assert api.send("/api/v1/insights", named).json()["status"] == "accepted"
    source.account_namespace = shop
    source.save()
    assert api.send("/api/v1/insights", item(external_id="sc-3")).json()["status"] == "accepted"


def run_stages() -> None:
    from accounts.services import resolve_records

    with TestCase.captureOnCommitCallbacks():
        Stage("resolve", Landed, resolve_records).advance()
        Stage("believe", Resolved, believe_records).advance()


def test_landed_becomes_believed_and_versions_are_noted(api: ApiClient, source: Source) -> None:
    account = make_account(external_id="A17", source=source)
    later = item(external_id="sc-2", model_version="2", horizon_days=..., probability=...)
    api.send("/api/v1/insights/bulk", [item(), later, item(external_id="sc-3", account={"external_id": "B"})])
    run_stages()
    assert {row.account_id for row in Insight.objects.all()} == {account.id}
    assert [row.horizon_days for row in Insight.objects.order_by("external_id")] == [90, 90]
    assert dict(ModelVersion.objects.values_list("version", "state")) == {"1": "checked", "2": "announced"}
    assert Parked.objects.count() == 1
    listed = api.read("/api/v1/insights?count=true&limit=1").json()
    assert listed["count"] == 2
    assert len(listed["results"]) == 1
    assert listed["next"]
    one = api.read(f"/api/v1/insights/{listed['results'][0]['id']}")
    assert one.json()["confidence"] == "0.93"


def test_retracting_once(api: ApiClient, source: Source) -> None:
    make_account(external_id="A17", source=source)
    id = api.send("/api/v1/insights", item()).json()["id"]
    path = f"/api/v1/insights/{id}/retract"
    assert api.send(path, {"why": "A mistake"}).status_code == 409
    run_stages()
    assert api.send(path, {"why": "A mistake", "x": 1}).status_code == 422
    assert api.read(f"/api/v1/insights/{id}").json()["retraction"] is None
    assert api.send(path, {"why": "A mistake"}).status_code == 200
    assert api.read(f"/api/v1/insights/{id}").json()["retraction"]["why"] == "A mistake"
    assert api.send(path, {"why": "A mistake"}).status_code == 409
    other = ApiClient(make_token(make_source())[1])
    assert other.send(path, {"why": "Not mine"}).status_code == 404


def test_idempotency_key(api: ApiClient, source: Source) -> None:
    first = api.send("/api/v1/insights", item(), Idempotency_Key="k1")
    again = api.send("/api/v1/insights", item(), Idempotency_Key="k1")
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again["Idempotency-Replayed"] == "true"
    assert api.send("/api/v1/insights", item(confidence=0.4), Idempotency_Key="k1").status_code == 409
    assert RecordKey.objects.count() == 1
