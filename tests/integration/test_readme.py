"""The three calls of the README do what it says."""

from __future__ import annotations

import json
import re
import shlex
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.bulk import database_now
from core.models import User
from cx_ops.pipeline import advance_all
from playbooks.models import Task
from tests.conftest import ApiClient

README = Path(__file__).resolve().parents[2] / "README.md"
HOST = "http://127.0.0.1:8000"


def calls() -> list[str]:
    return re.findall(r"^curl .*$", README.read_text(), re.MULTILINE)


def run(api: ApiClient, line: str, scored_at: str) -> Any:
    """One line of curl as the test client sends it."""
    words = shlex.split(line.replace("'$(date -u +%FT%TZ)'", scored_at))
    path = words[-1].removeprefix(HOST)
    assert path.startswith("/api/v1/")
    if "-d" not in words:
        return api.read(path)
    return api.send(path, json.loads(words[words.index("-d") + 1]))


@pytest.mark.django_db
def test_an_account_and_an_insight_become_a_task(api: ApiClient) -> None:
    ana = User.objects.create_user("ana", "ana@example.com", role="csm")
    account, insight, decision = calls()
    scored_at = (database_now() - timedelta(minutes=1)).strftime("%FT%TZ")

    assert run(api, account, scored_at).status_code == 200
    assert run(api, insight, scored_at).status_code == 201
    advance_all()
    [decided] = run(api, decision, scored_at).json()["results"]
    assert (decided["response"], decided["owner"]) == ("human", {"username": "ana"})
    assert str(Task.objects.get(assignee=ana).pk) == decided["task"]

    assert run(api, insight, scored_at).status_code == 200
    advance_all()
    assert Task.objects.count() == 1
