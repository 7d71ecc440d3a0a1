"""Search: what is found, in which order, by whom, and at what cost."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, Contact
from accounts.queries.find import find_by_words, find_contacts
from intake.models import FieldPrivacy
from tests.factories import NOW, make_account, make_contact, make_team, make_user
from tests.floor import Floor, signed_in

pytestmark = pytest.mark.django_db


def found(user: Any, text: str) -> list[str]:
    return [account.name for account in find_by_words(user, text)]


def test_an_account_is_found_by_name_domain_and_external_id(floor: Floor) -> None:
    floor.new_account("Bluebell Dental", domain="dental.example.com", external_id="X-17")
    floor.new_account("Dental Supplies")
    assert found(floor.ana, "dental") == ["Dental Supplies", "Bluebell Dental"]
    assert found(floor.ana, "de") == ["Dental Supplies", "Bluebell Dental"]
    assert found(floor.ana, "bl") == ["Bluebell Dental"]
    assert found(floor.ana, "https://www.dental.example.com/x") == ["Bluebell Dental"]
    assert found(floor.ana, " x-17 ") == ["Bluebell Dental"]
    for nothing in ("", " ", "%", "_", "\\", "zz", "' OR 1=1", "\u0130" * 90):
        assert found(floor.ana, nothing) == []


def test_what_a_source_calls_so_comes_first_and_only_the_best_are_given(floor: Floor) -> None:
    for number in range(20):
        floor.new_account(f"Acme {number:02}")
    floor.new_account("Zebra", external_id="Acme")
    names = found(floor.ana, "Acme")
    assert names[:2] == ["Zebra", "Acme"]
    assert len(names) == 8


def test_the_page_leads_to_the_rest(floor: Floor) -> None:
    for number in range(8):
        floor.new_account(f"Beta & {number}")
    client = signed_in(floor.ana)
    assert "More than these" not in client.get("/search/", {"q": "beta & "}).content.decode()
    floor.new_account("Beta & 9")
    page = client.get("/search/", {"q": "beta & "}).content.decode()
    assert page.count('href="/accounts/') == 8
    assert 'href="/portfolio/?who=&amp;q=beta+%26"' in page
    assert client.get("/portfolio/?who=&q=beta+%26").content.decode().count("Beta &amp; ") == 9


def test_nobody_finds_what_is_not_theirs(floor: Floor) -> None:
    stranger = make_user("cy", team=make_team("South"))
    make_account("Foreign Foods", csm=stranger, external_id="F1", source=floor.source, domain="foods.example.com")
    floor.task("0.95", account=make_account("Foreign Films", csm=stranger))
    for text in ("foreign", "F1", "foods.ex"):
        assert found(floor.ana, text) == []
        assert "Foreign" not in signed_in(floor.ana).get("/search/", {"q": text}).content.decode()
    assert found(make_user("chief", role="leader"), "foreign") == ["Foreign Films", "Foreign Foods"]


def people(user: Any, text: str) -> list[str]:
    return [contact.shows_name for contact in find_contacts(user, text)]  # type: ignore[attr-defined]


def test_a_contact_is_found_by_name_and_address_with_the_account_beside_it(floor: Floor) -> None:
    contact = make_contact(floor.account, "Alba Reyes", email="areyes@acme.example.com", stakeholder="champion")
    for text in ("alba", "REYES", " lba r", "al", "AReyes", "areyes@acme.example.com"):
        assert people(floor.ana, text) == ["Alba Reyes"]
    for nothing in ("", " ", "%", "_", "ba", "acme.example", "reyes@", "\u0130" * 90):
        assert people(floor.ana, nothing) == []
    page = signed_in(floor.ana).get("/search/", {"q": "alba"}).content.decode()
    assert f'href="/contacts/{contact.pk}/"' in page
    assert "Acme · Champion" in page


def test_nobody_finds_the_people_of_accounts_that_are_not_theirs(floor: Floor) -> None:
    make_contact(make_account("Foreign Foods", csm=make_user("cy", team=make_team("South"))), "Alba Reyes")
    assert people(floor.ana, "alba") == []
    assert "Alba" not in signed_in(floor.ana).get("/search/", {"q": "alba"}).content.decode()
    assert people(make_user("chief", role="leader"), "alba") == ["Alba Reyes"]


def test_who_left_is_shown_as_left_and_who_was_erased_is_not_found(floor: Floor) -> None:
    make_contact(floor.account, "Alba Reyes", left_on=date(2026, 3, 2))
    make_contact(floor.account, "Alba Stone", do_not_contact=True)
    gone = make_contact(floor.account, "Alba Gone")
    Contact.objects.filter(pk=gone.pk).update(external_id=f"erased-{gone.pk}")
    assert people(floor.ana, "alba") == ["Alba Reyes", "Alba Stone"]
    page = signed_in(floor.ana).get("/search/", {"q": "alba"}).content.decode()
    assert "left 2 Mar 2026" in page
    assert page.count("do not contact") == 1


def test_nobody_finds_by_what_is_hidden_from_them(floor: Floor) -> None:
    make_contact(floor.account, "Alba Reyes", email="areyes@acme.example.com", stakeholder="champion")
    for name in ("email", "stakeholder"):
        FieldPrivacy.objects.create(field=f"contacts.{name}", privacy="restricted", roles=["manager"], may_leave=False)
    assert people(floor.ana, "areyes") == []
    assert people(floor.ana, "alba") == ["Alba Reyes"]
    assert "Champion" not in signed_in(floor.ana).get("/search/", {"q": "alba"}).content.decode()
    FieldPrivacy.objects.filter(field="contacts.email").update(field="contacts.name")
    assert people(floor.ana, "alba") == []
    assert people(floor.lead, "alba") == ["Alba Reyes"]


def test_somebody_with_several_records_is_found_once_by_each_of_them(floor: Floor) -> None:
    head = make_contact(floor.account, "Alba Reyes", shown={"name": "Alba Reyes-Stone", "stakeholder": "user"})
    make_contact(floor.account, "A. Reyes", email="alba.r@example.com", same_as=head)
    for text in ("Reyes", "A. R", "alba.r@"):
        assert [one.pk for one in find_contacts(floor.ana, text)] == [head.pk]
    assert people(floor.ana, "a. r") == ["Alba Reyes-Stone"]


def test_a_gone_account_takes_its_people_along_and_of_many_the_first_are_shown(floor: Floor) -> None:
    bea = make_account("Bluebell Dental", csm=floor.bea, team=floor.ana.team)
    for number in range(9):
        make_contact(bea, f"Alba {number}")
    make_contact(floor.account, "Alba Own")
    assert people(floor.ana, "alba")[:2] == ["Alba Own", "Alba 0"]
    page = signed_in(floor.ana).get("/search/", {"q": "alba"}).content.decode()
    assert page.count('href="/contacts/') == 8
    assert "Contacts: of your accounts first" in page
    Account.objects.update(archived_at=NOW)
    assert people(floor.ana, "alba") == []


def test_the_page_finds_accounts_tasks_queues_and_screens(floor: Floor) -> None:
    task = floor.task("0.95")
    lead = signed_in(floor.lead)
    page = lead.get("/search/", {"q": "acme"}).content.decode()
    assert f'href="/accounts/{floor.account.pk}/"' in page
    assert f'href="/tasks/{task.pk}/"' in page
    assert f'href="/queue/?who={floor.ana.pk}"' in lead.get("/search/", {"q": "ana"}).content.decode()
    assert "who=" not in signed_in(floor.ana).get("/search/", {"q": "bea"}).content.decode()
    assert 'href="/renewals/"' in lead.get("/search/", {"q": "RENEW"}).content.decode()
    assert "Nothing matches" in lead.get("/search/", {"q": "zzzz"}).content.decode()


def test_the_palette_gets_options_without_a_page_around_them(floor: Floor) -> None:
    part = signed_in(floor.ana).get("/search/", {"q": "acm"}, headers={"HX-Request": "true"}).content.decode()
    assert part.startswith('<div role="group"')
    assert 'role="option"' in part
    every = signed_in(floor.ana).get("/search/", headers={"HX-Request": "true"}).content.decode()
    assert 'href="/portfolio/"' in every


def test_search_costs_the_same_however_many_match(floor: Floor) -> None:
    client = signed_in(floor.lead)
    client.get("/search/")
    counts = []
    for more in (0, 99):
        for number in range(more):
            floor.new_account(f"Acme {number}")
            make_contact(floor.account, f"Acme Person {number}")
        with CaptureQueriesContext(connection) as captured:
            client.get("/search/", {"q": "acme"})
        counts.append(len(captured))
    assert len(set(counts)) == 1
    assert counts[0] <= 12
