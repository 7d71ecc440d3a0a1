"""The demonstration, loaded whole but small: what a newcomer finds is in order, and worth looking at."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from core.bulk import database_now
from core.models import Absence, Alert, User
from cx_ops.demo.cdnow import write_rows
from cx_ops.demo.stories import STORIES
from cx_ops.invariants import broken_invariants
from decisions.models import Decision
from insights.models import Insight
from intake.models import Import
from intake.services import use_token
from playbooks.enums import ACTIVE, Lane, RunStatus
from playbooks.models import Effect, Run, Task

pytestmark = pytest.mark.django_db


@pytest.fixture
def credentials(tmp_path: Path, settings: Any) -> Path:
    settings.CX_DATA_DIR = tmp_path / "data"
    settings.CX_CREDENTIALS_FILE = tmp_path / "credentials.json"
    return tmp_path / "credentials.json"


def test_a_small_book_is_in_order_and_worth_looking_at(credentials: Path) -> None:
    call_command("load_demo", scale=0.06)

    assert Insight.objects.count() == Decision.objects.count() > 500
    assert {name: rows for name, rows in broken_invariants().items() if rows} == {}
    now_lane = Counter(
        Task.objects.filter(status__in=ACTIVE, lane=Lane.NOW, assignee__role="csm").values_list("assignee", flat=True)
    )
    assert max(now_lane.values()) <= 5
    assert not Effect.objects.filter(status__in=["due", "sent"]).exists()
    _log_ins_work(credentials)
    _stories_are_told()
    assert not User.objects.get(username="gus").is_active
    assert not Task.objects.filter(status__in=ACTIVE, assignee__username="gus").exists()
    assert Absence.objects.filter(user__username="ben", active_to__gt=database_now()).exists()
    assert Alert.objects.exists()


def test_an_empty_one_has_people_and_no_customers(credentials: Path, client: Client) -> None:
    call_command("load_demo", empty=True)
    assert not Account.objects.exists()
    assert {name: rows for name, rows in broken_invariants().items() if rows} == {}
    told = json.loads(credentials.read_text())
    assert [user["role"] for user in told["users"]] == ["csm", "manager", "leader", "ops"]
    assert all(authenticate(None, username=user["username"], password=user["password"]) for user in told["users"])
    client.force_login(User.objects.get(username="mara"))
    assert client.get(reverse("team")).status_code == 200


def test_a_second_loading_is_refused(credentials: Path, django_user_model: type[User]) -> None:
    django_user_model.objects.create_user("somebody", "somebody@example.com", "x")
    with pytest.raises(CommandError, match="empty"):
        call_command("load_demo")


def test_a_folder_comes_in_through_imports_and_every_score_is_decided(tmp_path: Path, credentials: Path) -> None:
    _fill(tmp_path / "folder")
    call_command("load_demo", data=tmp_path / "folder")

    assert Counter(Import.objects.values_list("kind", "status")) == {
        ("accounts", "done"): 1, ("orders", "done"): 2, ("scores", "done"): 2,
    }  # fmt: skip
    assert Counter(Decision.objects.values_list("band_response", flat=True)) == {
        "human": 3, "automated": 2, "monitor": 1, "record": 2,
    }  # fmt: skip
    assert {name: rows for name, rows in broken_invariants().items() if rows} == {}


def _log_ins_work(path: Path) -> None:
    found = json.loads(path.read_text())
    assert path.stat().st_mode & 0o077 == 0
    assert {user["role"] for user in found["users"]} >= {"csm", "manager", "leader", "ops", "account_executive"}
    assert [user["username"] for user in found["users"] if user["role"] == "csm"] == [
        "ana", "ben", "cleo", "dev", "edda", "finn",
    ]  # fmt: skip
    for user in found["users"][:2]:
        assert authenticate(None, username=user["username"], password=user["password"]) is not None
    assert use_token(text=found["api_token"], now=database_now()).source.slug == "crm"


def _stories_are_told() -> None:
    told = {story.name: Task.objects.filter(account__name=story.name) for story in STORIES}
    assert told["Larkspur Logistics"].filter(outcome="risk_resolved").exists()
    assert told["Brindle Vale Mutual"].filter(status__in=ACTIVE, lane__in=[Lane.NOW, Lane.TODAY]).exists()
    assert sorted(told["Quillfeather Books"].exclude(outcome="").values_list("outcome", flat=True)) == [
        "insight_wrong",
        "lost",
    ]
    assert told["Copperleaf Tooling"].filter(status="waiting", type="expansion_signal").exists()
    assert told["Mosswood Clinics"].filter(outcome="risk_resolved", closed_by__username="finn").exists()
    assert told["Tinderbox Studio"].filter(outcome="insight_wrong").count() == 4
    assert Run.objects.filter(account__name="Wickerby Grocers", status=RunStatus.STOPPED).exists()
    broken = Decision.objects.filter(account__name="Quillfeather Books", suppressed_by="cool_down")
    assert broken.exists()


def _fill(root: Path) -> None:
    root.mkdir()
    names = [f"C{number}" for number in range(4)]
    accounts = [{"account_id": name, "name": f"Customer {name}", "customer_since": "1997-01-01"} for name in names]
    write_rows(root / "accounts.csv", accounts)
    orders = [
        {"account_id": name, "ordered_on": day, "units": "1", "amount_usd": "9.50"}
        for day in ("1997-02-01", "1997-07-04")
        for name in names
    ]
    write_rows(root / "orders.csv", orders)
    for source, day, values in (
        ("house", "1997-07-01", ("0.95", "0.75", "0.55", "0.1")),
        ("vendor", "1997-07-09", ("0.99", "0.9", "0.7", "0.49")),
    ):
        scores = [
            {
                "account_id": name, "insight_type": "churn_risk", "horizon_days": "91",
                "scored_at": f"{day}T06:00:00Z", "confidence": value, "model": f"{source}-model", "model_version": "1",
            }
            for name, value in zip(names, values, strict=True)
        ]  # fmt: skip
        write_rows(root / f"scores-{source}-{day}.csv", scores)
