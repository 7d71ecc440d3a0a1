"""The read APIs: accounts, decisions, tasks, runs, outcomes; and bulk calls of accounts by HTTP."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import Account, FieldValue
from decisions.models import Decision, Item
from insights.models import Insight
from intake.enums import Scope
from intake.models import RecordKey, Source
from outcomes.models import Outcome
from playbooks.models import Playbook, PlaybookVersion, Run, Task
from tests.conftest import ApiClient
from tests.factories import NOW, make_account, make_insight, make_source, make_team, make_token, make_user

pytestmark = pytest.mark.django_db


def make_decision(insight: Insight, **fields: Any) -> Decision:
    terms: dict[str, Any] = {
        "confidence": insight.confidence,
        "band_lower": Decimal("0.9"),
        "band_upper": Decimal(1),
        "band_response": "human",
        "response": "human",
        "authority_version": 1,
        "ownership_version": 1,
        "owner_path": ["csm"],
        "reasons": ["confidence is in the human band"],
        "inputs": {},
        "code_version": "1",
        "decided_at": NOW,
    }
    return Decision.objects.create(
        insight=insight, account=insight.account, type_id=insight.type_id, **(terms | fields)
    )


def make_item(account: Account) -> Item:
    return Item.objects.create(
        account=account,
        type_id="churn_risk",
        response="human",
        confidence=Decimal("0.93"),
        opened_at=NOW,
        expires_at=NOW + timedelta(days=90),
    )


def make_task(account: Account, **fields: Any) -> Task:
    return Task.objects.create(account=account, title="Call", due_at=NOW, opened_at=NOW, **fields)


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def test_accounts_in_bulk_answer_an_item_each_and_the_counts(api: ApiClient, source: Source) -> None:
    items = [{"external_id": "A1", "name": "Fictional Foods"}, {"external_id": "A2"}]
    answer = api.send("/api/v1/accounts/bulk", items)
    body = answer.json()
    assert answer.status_code == 200
    assert [(row["external_id"], row["status"]) for row in body["results"]] == [("A1", "created"), ("A2", "rejected")]
    assert body["results"][0]["id"] == str(Account.objects.get().id)
    assert body["counts"] == {"created": 1, "updated": 0, "unchanged": 0, "rejected": 1}
    assert body["results"][1]["errors"][0]["field"] == "name"


def test_the_other_kinds_by_http(api: ApiClient, source: Source) -> None:
    make_account(external_id="A1", source=source)
    about = {"external_id": "X", "account": {"external_id": "A1"}}
    for path, fields in [
        ("contacts", {"name": "Cy"}),
        ("contracts", {"starts_on": "2026-01-01", "ends_on": "2027-01-01"}),
        ("activities", {"kind": "note", "happened_at": "2026-01-01T00:00:00Z", "summary": "x"}),
    ]:
        body = api.send(f"/api/v1/{path}/bulk", [about | fields]).json()
        assert body["counts"]["created"] == 1, body


def test_a_key_repeats_the_answer_and_refuses_another_body(api: ApiClient) -> None:
    items = [{"external_id": "A1", "name": "Fictional Foods"}]
    first = api.send("/api/v1/accounts/bulk", items, Idempotency_Key="k1")
    again = api.send("/api/v1/accounts/bulk", items, Idempotency_Key="k1")
    assert first.json() == again.json()
    assert again.json()["counts"]["created"] == 1
    assert api.send("/api/v1/accounts/bulk", [], Idempotency_Key="k1").status_code == 409


def test_writing_accounts_needs_its_scope(source: Source) -> None:
    reader = ApiClient(make_token(source, Scope.READ)[1])
    assert reader.send("/api/v1/accounts/bulk", []).status_code == 403
    assert ApiClient().send("/api/v1/accounts/bulk", []).status_code == 401
    writer = ApiClient(make_token(source, Scope.ACCOUNTS_WRITE)[1])
    assert writer.read("/api/v1/accounts").status_code == 403


def test_accounts_are_listed_and_read(api: ApiClient, source: Source, django_assert_max_num_queries: Any) -> None:
    ana = make_user("ana", team=make_team("North"))
    account = make_account(
        "Fictional Foods",
        csm=ana,
        external_id="A1",
        source=source,
        domain="foods.example",
        tier="growth",
        arr_amount=Decimal("1200.50"),
        arr_currency="EUR",
        fields={"seats": 3},
    )
    make_account("Fictional Films", external_id="A2", source=source)
    for query in ("external_id=A1", "domain=www.foods.example", "tier=growth", "csm=ana", "search=foo"):
        assert ids(api.read(f"/api/v1/accounts?{query}")) == [str(account.id)], query
    assert ids(api.read("/api/v1/accounts?archived=true")) == []
    with django_assert_max_num_queries(8):
        body = api.read("/api/v1/accounts?count=true").json()
    assert body["count"] == 2
    found = next(row for row in body["results"] if row["id"] == str(account.id))
    assert found["external_ids"] == [{"source": source.slug, "external_id": "A1"}]
    assert (found["people"], found["team"], found["fields"]) == ({"csm": "ana"}, "North", {"seats": 3})
    assert found["arr"] == {"amount": "1200.50", "currency": "EUR"}
    assert api.read(f"/api/v1/accounts/{uuid4()}").status_code == 404


def test_an_account_is_read_as_of_a_moment(api: ApiClient, source: Source) -> None:
    account = make_account()
    for value, at in (("growth", NOW), ("strategic", NOW + timedelta(days=5))):
        FieldValue.objects.create(account=account, field="tier", value=value, source_id=source.id, observed_at=at)
    then = (NOW + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    [value] = api.read(f"/api/v1/accounts/{account.id}?as_of={then}").json()["values"]
    assert (value["field"], value["value"], value["source"]) == ("tier", "growth", source.name)
    assert api.read(f"/api/v1/accounts/{account.id}?as_of=yesterday").status_code == 422


def test_a_decision_says_what_was_decided_and_what_became_of_it(api: ApiClient, source: Source) -> None:
    ana = make_user("ana")
    account = make_account()
    insight = make_insight(account, "0.9300", source=source, external_id="sc-1")
    RecordKey.objects.create(
        source_id=source.id, kind="insights", external_id="sc-1", record_id=insight.id, payload_hash=b"x"
    )
    item = make_item(account)
    decision = make_decision(insight, owner=ana, item=item)
    task = make_task(account, item=item, decision=decision, assignee=ana)
    other = make_insight(account, "0.60", source=source)
    make_decision(other, band_response="monitor", response="record", suppressed_by="stale", decided_at=NOW)
    body = api.read(f"/api/v1/decisions/{insight.id}").json()
    assert body == {
        "id": str(insight.id),
        "insight": str(insight.id),
        "account": str(account.id),
        "type": "churn_risk",
        "response": "human",
        "confidence": "0.93",
        "band": {"from": "0.9000", "to": "1.0000", "response": "human"},
        "authority_version": 1,
        "ownership_version": 1,
        "owner": {"username": "ana"},
        "owner_path": ["csm"],
        "suppressed_by": None,
        "reasons": ["confidence is in the human band"],
        "task": str(task.id),
        "run": None,
        "decided_at": "2026-03-02T12:00:00Z",
    }
    for query in ("band=human", "response=human", "insight_external_id=sc-1", f"insight={insight.id}"):
        assert ids(api.read(f"/api/v1/decisions?{query}")) == [str(insight.id)], query
    assert ids(api.read("/api/v1/decisions?band=monitor&response=record")) == [str(other.id)]
    assert ids(api.read(f"/api/v1/decisions?account={account.id}&since=2026-03-02T12:00:00Z")) == [
        str(other.id),
        str(insight.id),
    ]
    assert ids(api.read("/api/v1/decisions?since=2026-03-02T12:00:01Z")) == []
    assert ids(api.read("/api/v1/decisions?insight_external_id=sc-9")) == []
    assert api.read("/api/v1/decisions?band=loud").status_code == 422
    assert api.read(f"/api/v1/decisions/{uuid4()}").status_code == 404


def test_decisions_go_on_from_their_cursor_newest_first(api: ApiClient, source: Source) -> None:
    account = make_account()
    made = [make_decision(make_insight(account, source=source)).insight_id for _ in range(3)]
    first = api.read("/api/v1/decisions?limit=2").json()
    assert [row["id"] for row in first["results"]] == [str(made[2]), str(made[1])]
    assert ids(api.read(first["next"].partition("testserver")[2])) == [str(made[0])]


def test_a_page_of_decisions_costs_as_many_queries_as_one(
    api: ApiClient, source: Source, django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        make_decision(make_insight(make_account(), source=source), item=make_item(make_account()), owner=make_user())
    with django_assert_max_num_queries(6):
        assert len(ids(api.read("/api/v1/decisions"))) == 5


def test_tasks_runs_and_outcomes(api: ApiClient, source: Source) -> None:
    ana, account = make_user("ana"), make_account()
    insight = make_insight(account, source=source)
    item = make_item(account)
    decision = make_decision(insight, item=item)
    playbook = Playbook.objects.create(slug="trial", name="Trial", outcome="Something")
    version = PlaybookVersion.objects.create(playbook=playbook, number=1)
    run = Run.objects.create(
        version=version, item=item, account=account, insight=insight, automated=True, started_at=NOW
    )
    task = make_task(account, item=item, decision=decision, assignee=ana)
    make_task(make_account())
    outcome = Outcome.objects.create(task=task, account=account, kind="no_change", happened_at=NOW, by=ana)
    for query in ("assignee=ana", f"account={account.id}"):
        assert ids(api.read(f"/api/v1/tasks?{query}")) == [str(task.id)]
    assert len(ids(api.read("/api/v1/tasks?status=open"))) == 2
    answer = api.read(f"/api/v1/tasks/{task.id}")
    assert answer["ETag"] == '"1"'
    body = answer.json()
    assert (body["insight"], body["assignee"], body["version"]) == (str(insight.id), {"username": "ana"}, 1)
    assert body["outcome"] is None
    assert ids(api.read("/api/v1/runs?playbook=trial&status=live")) == [str(run.id)]
    assert api.read("/api/v1/runs").json()["results"][0]["playbook"] == "trial"
    assert api.read(f"/api/v1/decisions/{insight.id}").json()["run"] == str(run.id)
    assert ids(api.read("/api/v1/outcomes?kind=no_change")) == [str(outcome.id)]
    assert ids(api.read("/api/v1/outcomes?kind=lost")) == []


def test_a_person_reads_only_what_is_on_their_accounts(source: Source) -> None:
    ana = make_user("ana", team=make_team())
    mine, foreign = make_account(csm=ana), make_account()
    decisions = {account: make_decision(make_insight(account, source=make_source())) for account in (mine, foreign)}
    tasks = {account: make_task(account) for account in (mine, foreign)}
    for account in (mine, foreign):
        Outcome.objects.create(task=tasks[account], account=account, kind="no_change", happened_at=NOW)
    client = ApiClient()
    client.force_login(ana)
    for path in ("accounts", "decisions", "tasks", "outcomes"):
        assert len(ids(client.read(f"/api/v1/{path}"))) == 1, path
    for path in (f"accounts/{foreign.id}", f"decisions/{decisions[foreign].pk}", f"tasks/{tasks[foreign].id}"):
        assert client.read(f"/api/v1/{path}").status_code == 404, path
    for path in (f"accounts/{mine.id}", f"decisions/{decisions[mine].pk}", f"tasks/{tasks[mine].id}"):
        assert client.read(f"/api/v1/{path}").status_code == 200, path
