"""The first day: an empty system leads whoever can fill it to what to bring."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from core.enums import Role
from intake.models import Import, Source
from intake.services import run_waiting_imports
from tests.factories import NOW, make_account, make_organisation, make_source, make_user
from tests.floor import Floor, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> Path:
    settings.CX_DATA_DIR = tmp_path
    return tmp_path


def test_an_empty_system_says_what_to_bring() -> None:
    for role in (Role.OPS, Role.MANAGER):
        assert signed_in(make_user(role=role)).get("/")["Location"] == "/start/"
    assert signed_in(make_user(role=Role.CSM)).get("/")["Location"] != "/start/"


def test_what_is_there_is_ticked_and_the_next_step_stands_out() -> None:
    client = signed_in(make_user(role=Role.OPS))
    page = client.get("/start/").content.decode()
    assert 'class="button primary" href="/imports/?kind=accounts"' in page
    make_account()
    assert '">Name the catch-all</a>' in client.get("/start/").content.decode()
    make_organisation(catch_all=make_user("cat"))
    page = client.get("/start/").content.decode()
    assert "Name the catch-all" not in page
    assert "1 account is here" in page
    assert "at takes what nobody else can" in page
    assert 'class="button primary" href="/imports/?kind=scores"' in page
    assert client.get("/")["Location"] == "/start/"
    assert '<option value="scores" selected>' in client.get("/imports/?kind=scores").content.decode()


def test_it_stays_the_beginning_until_scores_are_here() -> None:
    floor = Floor()
    lead = signed_in(floor.lead)
    assert lead.get("/")["Location"] == "/start/"
    assert 'href="/start/"' in lead.get("/imports/").content.decode()
    floor.task()
    assert lead.get("/")["Location"].startswith("/queue/")


def send(client: Client, text: str, **fields: str) -> HttpResponse:
    return client.post("/imports/", {"file": SimpleUploadedFile("a.csv", text.encode()), **fields})  # type: ignore[return-value]


def test_what_comes_next_stands_on_the_page_of_a_file_that_is_done() -> None:
    client = signed_in(make_user(role=Role.OPS))
    where = send(client, "Account ID,Name\nA1,Acme\n", source="new", source_name="HubSpot")["Location"]
    client.post(f"{where}confirm/")
    assert "Bring scores" not in client.get(where).content.decode()
    run_waiting_imports(NOW)
    polled = client.get(where, headers={"HX-Request": "true"}).content.decode()
    assert ">Name the catch-all</a>" in polled
    make_organisation(catch_all=make_user("cat"))
    polled = client.get(where, headers={"HX-Request": "true"}).content.decode()
    assert '<a class="button primary" href="/imports/?kind=scores">Bring scores</a>' in polled
    assert "Undo the import" in polled


def test_a_file_of_later_days_names_no_step() -> None:
    floor = Floor()
    floor.task()
    client = signed_in(floor.lead)
    where = send(client, "Account ID,Name\nA1,Acme\n", source="new", source_name="HubSpot")["Location"]
    client.post(f"{where}confirm/")
    run_waiting_imports(NOW)
    page = client.get(where).content.decode()
    assert "Undo the import" in page
    assert "Name the catch-all" not in page


def test_a_name_typed_beside_a_chosen_source_is_not_ignored() -> None:
    client = signed_in(make_user(role=Role.OPS))
    crm = make_source("hubspot")
    answer = send(client, "Account ID,Name\nA1,Acme\n", source=str(crm.pk), source_name="Retainly")
    assert answer.status_code == 422
    assert "You chose Hubspot and named a new source" in answer.content.decode()
    assert not Source.objects.filter(slug="retainly").exists()
    assert send(client, "Account ID,Name\nA1,Acme\n", source=str(crm.pk), source_name="Hubspot").status_code == 302


def test_a_file_in_a_hurry_makes_no_second_source() -> None:
    client = signed_in(make_user(role=Role.OPS))
    assert 'value="" selected>Choose' not in client.get("/imports/").content.decode(), "the first one can only be new"
    make_source("hubspot")
    assert '<option value="" selected>Choose the source</option>' in client.get("/imports/").content.decode()
    answer = send(client, "Account ID,Name\nA1,Acme\n", source="", source_name="Hubspot 2")
    assert answer.status_code == 422
    assert "Choose the source" in answer.content.decode()
    assert Source.objects.filter(person=None).count() == 1


def test_a_new_source_says_whose_account_ids_it_uses() -> None:
    client = signed_in(make_user(role=Role.OPS))
    crm, _other = make_source("hubspot"), make_source("another")
    Import.objects.create(
        source=crm, kind="accounts", filename="a", stored_as="a", sha256="", created_at=NOW, status="done"
    )  # fmt: skip
    page = client.get("/imports/?kind=scores").content.decode()
    assert f'<option value="{crm.pk}" selected>Those of Hubspot</option>' in page
    text = "account_id,ordered_on,amount,currency\nA1,2026-02-01,5,USD\n"
    send(client, text, source="new", source_name="Billing", kind="orders", ids_of=str(crm.pk))
    assert Source.objects.get(slug="billing").account_namespace == crm
