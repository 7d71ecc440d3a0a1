"""An undo is asked for and done by a worker, step by step; whoever goes on after one that died does nothing twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Prior
from accounts.services import reverting
from core.bulk import execute
from core.models import Act, User
from cx_ops.invariants import broken_invariants
from cx_ops.pipeline import advance_all
from intake.enums import ImportStatus
from intake.models import Import, Source
from intake.services import ImportRefused, run_waiting_imports
from intake.services import undoing as job
from intake.services.undoing import ask_undo, may_undo, run_undo
from tests.factories import NOW, make_organisation, make_source, make_user
from tests.integration.test_undo_of_every_kind import BASE, FILES, bring, seen

pytestmark = pytest.mark.django_db
THREE = "account_id,name,tier\nA1,Acme,gold\nA2,Bolt,iron\nA3,Cask,tin\n"


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> None:
    settings.CX_DATA_DIR = tmp_path
    make_organisation(reporting_currency="USD", catch_all=make_user("omar", role="manager"))


@pytest.fixture
def source() -> Source:
    return make_source("house")


@pytest.fixture
def ops() -> User:
    return make_user("otto", role="ops")


def ask(done: Import, by: User) -> Import:
    return ask_undo(import_id=done.pk, by=by, now=NOW)


@pytest.mark.parametrize("kind", sorted(FILES))
def test_row_by_row_it_is_as_if_it_had_not_come(
    kind: str, source: Source, ops: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reverting, "BATCH", 1)
    before, file = FILES[kind]
    bring(source, "accounts", BASE)
    if before:
        bring(source, kind, before)
    Prior.objects.all().delete()
    was = seen()
    done = bring(source, kind, file)
    ask(done, ops)
    steps = 0
    while not Import.objects.filter(pk=done.pk, status=ImportStatus.UNDONE).exists():
        run_undo(done.pk, NOW, seconds=-1)  # a worker with no time takes one step, and lets go
        steps += 1
        assert steps < 20
    advance_all(NOW)
    assert seen() == was
    assert not any(broken_invariants().values())
    if kind == "accounts":
        assert steps == Import.objects.get(pk=done.pk).undone["rows"] > 1


def test_who_dies_in_a_step_leaves_it_to_the_next(source: Source, ops: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reverting, "BATCH", 1)
    done = bring(source, "accounts", THREE)
    ask(done, ops)
    run_undo(done.pk, NOW, seconds=-1)
    finish = job.add_up

    def dies(*args: Any) -> Any:
        raise SystemExit

    monkeypatch.setattr(job, "add_up", dies)
    with pytest.raises(SystemExit):
        run_undo(done.pk, NOW)
    monkeypatch.setattr(job, "add_up", finish)
    run_undo(done.pk, NOW)
    assert Import.objects.get(pk=done.pk).undone["rows"] == 1, "it is still held by who died"
    execute("UPDATE intake_import SET leased_until = NULL")
    assert run_waiting_imports(NOW) == 1
    done.refresh_from_db()
    assert (done.status, done.undone["removed"], done.undone["rows"]) == ("undone", 3, 3)
    assert not Account.objects.filter(archived_at=None).exists()
    assert Act.objects.filter(verb="archived").count() == 3


def test_the_page_says_how_far_it_is(
    client: Client, source: Source, ops: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reverting, "BATCH", 1)
    done = bring(source, "accounts", THREE)
    client.force_login(ops)
    url = reverse("import", args=[done.pk])
    assert client.post(reverse("import_undo", args=[done.pk])).url == url  # type: ignore[attr-defined]
    page = client.get(url)
    assert "Being undone" in page.content.decode()
    assert "every 2s" in page.content.decode()
    assert "Stop here" not in page.content.decode()
    run_undo(done.pk, NOW, seconds=-1)
    again = client.get(url, headers={"HX-PTag": page["HX-PTag"]})
    assert "1 of 3 rows taken back" in again.content.decode()
    run_waiting_imports(NOW)
    page = client.get(url)
    assert "0 kept" in page.content.decode()
    assert "every 2s" not in page.content.decode()
    asked, undone = Act.objects.filter(subject_type="import", verb__in=("undo_asked", "undone")).order_by("id")
    assert (asked.by, undone.by) == (ops, ops)


def test_asked_for_twice_it_is_refused_in_words(client: Client, source: Source, ops: User) -> None:
    done = bring(source, "accounts", THREE)
    ask(done, ops)
    with pytest.raises(ImportRefused, match="being undone already") as refused:
        ask(done, ops)
    assert refused.value.status == 409
    client.force_login(ops)
    answer = client.post(reverse("import_undo", args=[done.pk]), follow=True)
    assert "being undone already" in answer.content.decode()
    done.refresh_from_db()
    assert not may_undo(done)
    run_waiting_imports(NOW)
    with pytest.raises(ImportRefused, match="was undone before"):
        ask(done, ops)


def test_what_stays_is_counted_beyond_what_is_listed(
    source: Source, ops: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "MOST_KEPT", 1)
    done = bring(source, "accounts", THREE)
    bring(source, "accounts", THREE.replace("gold", "a").replace("iron", "b").replace("tin", "c"))
    ask(done, ops)
    run_waiting_imports(NOW)
    done.refresh_from_db()
    assert (len(done.undone["kept"]), done.undone["more"]) == (1, 2)
    assert Act.objects.get(verb="undone").data["kept"] == 3
