"""Rows of files that are taken without one of their cells: said before, said after, set when the cell can be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AccountPerson, Activity
from core.enums import Role
from intake.models import Source
from intake.queries import warned_as_csv, warnings_of
from intake.services.drafts import preview_of
from tests.factories import make_account, make_source, make_user
from tests.files import bring, draft

pytestmark = pytest.mark.django_db
ACCOUNTS = """Account ID,Name,CSM
A1,Acme,ana@example.com
A2,Bolt,tom@example.com
A3,Cask,Tom@Example.com
A4,Dune,kim@example.com
"""


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> Path:
    settings.CX_DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def source() -> Source:
    return make_source("crm")


def managers() -> dict[str, str]:
    return dict(AccountPerson.objects.filter(role="csm").values_list("account__name", "user__username"))


def test_accounts_are_taken_without_people_who_have_no_log_in(source: Source) -> None:
    make_user("ana")
    (said,) = preview_of(draft(source, ACCOUNTS)).warnings
    assert (said.column, said.code, said.rows) == ("CSM", "unknown_person", 3)
    assert said.values == {"tom@example.com": 2, "kim@example.com": 1}

    done = bring(source, ACCOUNTS)
    assert done.counts == {"created": 4}
    assert managers() == {"Acme": "ana"}
    assert [(one.column, one.values) for one in warnings_of(done)] == [(said.column, said.values)]
    lines = "".join(warned_as_csv(done)).splitlines()
    assert [line.split(",")[:3] for line in lines[1:]] == [[n, "CSM", "unknown_person"] for n in "345"]


def test_they_are_set_when_the_file_comes_again_after_they_were_added(source: Source) -> None:
    make_user("ana")
    bring(source, ACCOUNTS)
    make_user("tom")
    assert bring(source, ACCOUNTS).counts == {"unchanged": 2, "updated": 2}
    assert managers() == {"Acme": "ana", "Bolt": "tom", "Cask": "tom"}


def test_who_stood_there_stays_where_the_file_names_somebody_unknown(source: Source) -> None:
    make_user("ana")
    bring(source, ACCOUNTS)
    done = bring(source, ACCOUNTS.replace("ana@", "gone@"))
    assert done.counts == {"unchanged": 4}
    assert managers() == {"Acme": "ana"}


def test_an_activity_is_taken_without_an_unknown_colleague(source: Source) -> None:
    make_account(external_id="A1", source=source)
    text = "Account ID,activity_id,Kind,Happened at,Summary,By\nA1,1,note,2026-02-01T08:00:00Z,Called,kim@example.com\n"
    done = bring(source, text, "activities")
    assert (done.counts, Activity.objects.get().by) == ({"created": 1}, None)
    assert [(one.column, one.rows) for one in warnings_of(done)] == [("By", 1)]


def test_the_pages_say_who_is_missing_and_where_they_are_added(source: Source, client: Client) -> None:
    client.force_login(make_user("lead", role=Role.MANAGER))
    people = reverse("house_rules_of", args=["people"])
    for of in (draft(source, ACCOUNTS), bring(source, ACCOUNTS)):
        page = client.get(reverse("import", args=[of.pk])).content.decode()
        assert "3 people in “CSM” have no log-in here." in page
        assert "4 rows are taken without them" in page
        assert "tom@example.com" in page
        assert people in page
