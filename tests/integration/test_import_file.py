"""Files by command: the same doors, the same refusals, and a dry run that leaves nothing."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Account
from intake.models import Import, Source
from tests.conftest import ApiClient
from tests.integration.test_imports import file_of, row, upload

pytestmark = pytest.mark.django_db
HUBSPOT = "Record ID,Company name,Company Domain Name\n7,Acme,acme.example\n8,Bolt,bolt.example\n"


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> None:
    settings.CX_DATA_DIR = tmp_path


def test_by_command(source: Source, tmp_path: Path) -> None:
    file = tmp_path / "scores.csv.gz"
    file.write_bytes(gzip.compress(file_of(row("A1"))))
    out = io.StringIO()
    call_command("import_file", file, "--kind=scores", "--source=house", "--wait", stdout=out)
    assert "1 parked" in out.getvalue()
    with pytest.raises(CommandError, match="house"):
        call_command("import_file", file, "--kind=scores", "--source=nobody")
    with pytest.raises(CommandError, match="scores"):
        call_command("import_file", file, "--kind=nonsense", "--source=house")


def by_command(*words: str) -> str:
    out = io.StringIO()
    call_command("import_file", *words, "--source=house", stdout=out)
    return out.getvalue()


def test_by_command_with_a_mapping_or_a_preset(source: Source, tmp_path: Path) -> None:
    file, mapping = tmp_path / "crm.csv", tmp_path / "mapping.json"
    file.write_text("Key,Title\nA1,Acme\n")
    said = json.dumps({"Key": "account_id", "Title": "name"})
    mapping.write_text(said, encoding="utf-8-sig")
    assert "1 created" in by_command(str(file), "--kind=accounts", f"--mapping={said}", "--wait")
    assert "1 unchanged" in by_command(str(file), "--kind=accounts", f"--mapping={mapping}", "--wait")
    file.write_text(HUBSPOT)
    assert "2 created" in by_command(str(file), "--preset=hubspot", "--wait")
    assert Import.objects.first().mapping["Record ID"] == "account_id"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--mapping={"], "must be a JSON object"),
        (["--mapping=[1]"], "No such file"),
        (["--kind=accounts", '--mapping={"Key": "nonsense"}'], "nonsense"),
        (["--kind=accounts", '--mapping={"Key": {"to": 1}}'], "mapping cannot be read"),
        (["--preset=nonsense"], "There are: ChurnZero"),
        (["--preset=HubSpot", "--kind=scores"], "is of accounts, not of scores"),
    ],
)
def test_by_command_what_is_refused(source: Source, tmp_path: Path, words: list[str], why: str) -> None:
    file = tmp_path / "crm.csv"
    file.write_text("Key,Title\nA1,Acme\n")
    with pytest.raises(CommandError, match=why):
        by_command(str(file), *words)
    assert not Import.objects.exists()


def test_by_command_a_dry_run_says_what_it_would_do_and_leaves_nothing(source: Source, tmp_path: Path) -> None:
    file = tmp_path / "crm.csv"
    file.write_text("account_id,name,csm\nA1,Acme,kim@example.com\nA2,,\n")
    said = by_command(str(file), "--dry-run")
    assert "accounts" in said
    assert "1 created, 1 rejected" in said
    assert "1 x name:" in said
    assert "1 x without csm:" in said
    file.write_text("tier\ngold\n")
    with pytest.raises(CommandError, match="Nothing of this file"):
        by_command(str(file), "--kind=accounts", "--dry-run")
    assert not Import.objects.exists()
    assert not Account.objects.exists()
    assert list((tmp_path / "imports").iterdir()) == []


def test_by_api_with_a_preset(api: ApiClient) -> None:
    answer = upload(api, HUBSPOT.encode(), kind="accounts", preset="HubSpot")
    assert answer.json()["mapping"]["Company name"] == "name"
    refused = upload(api, HUBSPOT.encode(), kind="accounts", preset="nonsense")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "preset")
