"""Who may call the API, what every answer carries, and what is said when something is away."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.test import Client

from core.api import throttling
from core.enums import Role
from core.models import Batch
from cx_ops import health
from intake.enums import Scope
from intake.models import ApiToken, Source
from intake.services import TokenRefused, revoke_token, use_token
from tests.conftest import ApiClient
from tests.factories import NOW, make_source, make_token, make_user

pytestmark = pytest.mark.django_db
LIST = "/api/v1/insights"


def test_without_a_token_it_is_a_401_that_says_how(db: None) -> None:
    answer = ApiClient().read(LIST)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer["Content-Type"] == "application/problem+json"
    assert set(answer.json()) == {"type", "title", "status", "detail", "instance", "request_id", "errors"}
    assert answer.json()["request_id"] == answer["X-Request-ID"]


@pytest.mark.parametrize("text", ["", "nonsense", "cxo_00000000_" + "x" * 43, "cxo_é_x"])
def test_what_is_no_token_of_ours(text: str) -> None:
    with pytest.raises(TokenRefused):
        use_token(text=text, now=NOW)


def test_only_the_hash_is_kept_and_the_secret_must_be_right(source: Source) -> None:
    token, text = make_token(source)
    assert text.rpartition("_")[2].encode() not in bytes(token.digest)
    wrong = text[:-1] + ("a" if text[-1] != "a" else "b")
    with pytest.raises(TokenRefused, match="not known"):
        use_token(text=wrong, now=NOW)


def test_a_token_ends_by_expiry_revocation_and_with_its_source(source: Source) -> None:
    token, text = make_token(source, expires_at=NOW + timedelta(hours=1))
    assert use_token(text=text, now=NOW).id == token.id
    with pytest.raises(TokenRefused, match="expired"):
        use_token(text=text, now=NOW + timedelta(hours=1))
    source.is_active = False
    source.save()
    with pytest.raises(TokenRefused, match="switched off"):
        use_token(text=text, now=NOW)
    revoke_token(token_id=token.id, by=make_user(), now=NOW)
    with pytest.raises(TokenRefused, match="revoked"):
        use_token(text=text, now=NOW)


def test_use_is_noted_at_most_once_a_minute(source: Source) -> None:
    token, text = make_token(source)
    for seconds, noted in ((0, 0), (30, 0), (60, 60)):
        use_token(text=text, now=NOW + timedelta(seconds=seconds))
        assert ApiToken.objects.get(id=token.id).last_used_at == NOW + timedelta(seconds=noted)


@pytest.mark.parametrize(
    ("scope", "method", "path", "status"),
    [
        (Scope.READ, "GET", LIST, 200),
        (Scope.READ, "POST", LIST, 403),
        (Scope.INSIGHTS_WRITE, "GET", LIST, 403),
        (Scope.ACCOUNTS_WRITE, "POST", LIST, 403),
        (Scope.INSIGHTS_WRITE, "POST", LIST, 415),
        (Scope.READ, "POST", "/api/v1/imports", 403),
    ],
)
def test_scopes(source: Source, scope: Scope, method: str, path: str, status: int) -> None:
    answer = ApiClient(make_token(source, scope)[1]).call(method, path)
    assert answer.status_code == status, answer.content


def test_a_person_reads_and_writes_only_with_a_token(db: None) -> None:
    client = Client()
    client.force_login(make_user(role=Role.OPS))
    assert client.get(LIST).status_code == 200
    answer = client.post(LIST, "{}", content_type="application/json")
    assert answer.status_code == 403
    assert "token" in answer.json()["detail"]


BAD_QUERIES = ["limit=101", "limit=0", "limit=x", "count=yes", "cursor=abc", "cursor=cD16eno", "since=later"]


@pytest.mark.parametrize("query", BAD_QUERIES)
def test_a_bad_query_is_a_422(api: ApiClient, query: str) -> None:
    answer = api.read(f"{LIST}?{query}")
    assert answer.status_code == 422, answer.content
    assert answer.json()["errors"][0]["field"] == query.partition("=")[0]


def test_errors_of_django_itself_are_problems_too(api: ApiClient) -> None:
    for path, method, status in (("/api/v1/nothing", "GET", 404), ("/api/v1/insights", "DELETE", 405)):
        answer = api.call(method, path)
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")


def test_too_many_requests(api: ApiClient, settings: Any) -> None:
    settings.CX_API_REQUESTS_PER_MINUTE = 1
    answers = [api.read(LIST) for _ in range(3)]
    assert answers[-1].status_code == 429
    assert int(answers[-1]["Retry-After"]) >= 1
    assert answers[-1]["RateLimit-Remaining"] == "0"


def test_writes_wait_while_the_workers_are_behind(api: ApiClient, settings: Any) -> None:
    Batch.objects.create(stage="resolve", size=1, last_error="", created_at=NOW)
    answer = api.send(LIST, {})
    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert api.read(LIST).status_code == 200
    assert throttling.backlog_seconds() > settings.CX_BACKLOG_LIMIT_SECONDS


def test_the_database_away_is_a_503(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr("insights.api.views.take", away)
    answer = api.send(LIST, {})
    assert answer.status_code == 503
    assert answer["Retry-After"]
    monkeypatch.setattr("intake.api.authentication.use_token", away)
    assert api.read(LIST).status_code == 503


def test_a_mistake_of_ours_is_a_problem_without_its_inside(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("insights.api.views.take", broken)
    answer = api.send(LIST, {})
    assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")
    assert b"secret detail" not in answer.content


def test_health(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}
    monkeypatch.setitem(health.CHECKS, "broker", lambda: "")
    assert client.get("/readyz").status_code == 200
    monkeypatch.setitem(health.CHECKS, "broker", lambda: "unreachable")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["broker"] == "unreachable"


def test_metrics_name_what_waits(client: Client) -> None:
    Batch.objects.create(stage="resolve", size=7, last_error="")
    assert 'cx_ops_waiting_rows{stage="resolve"} 7' in client.get("/metrics").content.decode()


def test_the_committed_document_is_what_the_code_does() -> None:
    call_command("check_openapi", stdout=io.StringIO())


def test_the_docs_page_names_every_operation(client: Client) -> None:
    document = client.get("/api/v1/schema/").json()
    page = client.get("/api/v1/docs/").content.decode()
    for path, methods in document["paths"].items():
        for method in methods:
            assert f"{method.upper()} {path}" in page
    assert "<script>" not in page


def test_another_source_s_slug_is_not_a_way_in(api: ApiClient) -> None:
    make_source("other")
    answer = api.send(LIST, {"account": {"external_id": "A", "source": "other"}})
    assert answer.status_code == 422
