"""The same person from several sources: one contact on the page, and everything as it was when they are parted."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.enums import Channel, ConsentState, Refusal
from accounts.models import Account, Contact, Pair
from accounts.queries import crosses_red_line, red_lines
from accounts.queries.contactable import contactable, people_there
from accounts.queries.privacy import refusal_for_address
from accounts.services import merge_accounts, split_account, undo_merge
from accounts.services.consent import set_consent
from accounts.services.kinds import ACCOUNTS, CONTACTS
from core.bulk import fetch_all
from core.models import Act, User
from cx_ops.erasure.erase import erase_person, prepare_erasure
from intake.models import FieldPrivacy, Import, Source
from intake.services import run_import, start_import
from intake.services.kinds import find
from intake.services.undoing import undo_import
from tests.factories import NOW, make_contact, make_source, make_user
from tests.floor import signed_in
from tests.integration.test_accounts_bulk import send, statuses
from tests.people import assert_sound, make_customer, people, person, rows

pytestmark = pytest.mark.django_db
ANNA = "anna@acme.example"
LATER = NOW + timedelta(days=1)


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> None:
    settings.CX_DATA_DIR = tmp_path


@pytest.fixture
def crm() -> Source:
    return make_source("crm")


@pytest.fixture
def desk() -> Source:
    return make_source("desk")


@pytest.fixture
def ops() -> User:
    return make_user("olga", role="ops")


@pytest.fixture
def acme(crm: Source, desk: Source) -> Account:
    return make_customer(crm, desk, "ACME")


def test_the_same_address_at_one_account_is_one_person(crm: Source, desk: Source, acme: Account, ops: User) -> None:
    send(CONTACTS, crm, person("c-17", title="CFO", email="Anna@ACME.example", influence=4))
    send(CONTACTS, desk, person("993", "A. Ek", email=ANNA, phone="+46 70 123 45 67"), now=LATER)
    assert people() == {frozenset({"c-17", "993"})}
    head = Contact.objects.get(same_as=None)
    assert head.external_id == "c-17"
    assert (head.title, head.phone) == ("CFO", "")
    assert (head.shown["name"], head.shown["title"], head.shown["phone"]) == ("Anna Ek", "CFO", "+46 70 123 45 67")
    pair = Pair.objects.get()
    assert (pair.verdict, pair.rule, pair.decided_by, pair.evidence["value"]) == ("same", "email", None, ANNA)
    page = signed_in(ops).get(f"/accounts/{acme.pk}/").content.decode()
    assert page.count(f"/contacts/{head.pk}/") >= 1
    assert "Known from Crm and Desk" in page
    assert "A. Ek" not in page
    assert_sound()


def test_what_holds_what_lost_and_why_they_are_one(crm: Source, desk: Source, acme: Account, ops: User) -> None:
    send(CONTACTS, crm, person("c-17", email=ANNA, title="Clerk"))
    send(CONTACTS, desk, person("993", "A. Ek", email=ANNA, title="Boss", phone="0701234567"), now=LATER)
    browser = signed_in(ops)
    for contact in Contact.objects.all():
        page = browser.get(f"/contacts/{contact.pk}/").content.decode()
        for words in (
            "Known from Crm and Desk",
            "Boss",
            "Clerk",
            "an older one",
            "shortened",
            f"Same e-mail address {ANNA}",
        ):
            assert words in page
    FieldPrivacy.objects.create(field="contacts.phone", privacy="restricted", roles=["manager"], may_leave=False)
    assert "0701234567" not in browser.get(f"/contacts/{contact.pk}/").content.decode()


def test_a_person_at_two_accounts_stays_two_contacts(crm: Source, desk: Source, acme: Account) -> None:
    make_customer(crm, desk, "ZETA")
    send(CONTACTS, crm, person("c-17", email=ANNA))
    send(CONTACTS, desk, person("993", email=ANNA, account="ZETA"))
    assert not Pair.objects.exists()
    send(CONTACTS, desk, person("993", email=ANNA))
    assert people() == {frozenset({"c-17", "993"})}
    send(CONTACTS, desk, person("993", email=ANNA, account="ZETA"))
    assert people() == {frozenset({"c-17"}), frozenset({"993"})}
    assert not Pair.objects.exists()
    assert not Contact.objects.exclude(shown={}).exists()


def test_the_same_again_changes_nothing(crm: Source, desk: Source, acme: Account) -> None:
    mine, theirs = person("c-17", email=ANNA, title="CFO"), person("993", "A. Ek", email=ANNA, title="Boss")
    send(CONTACTS, crm, mine)
    send(CONTACTS, desk, theirs)
    before = rows()
    assert statuses(send(CONTACTS, crm, mine, now=LATER)) == ["unchanged"]
    assert statuses(send(CONTACTS, desk, theirs, now=LATER)) == ["unchanged"]
    assert rows() == before


ARRIVALS = (
    ("crm", person("c-17", email=ANNA, title="CFO")),
    ("desk", person("993", "A. Ek", email=ANNA, title="Boss")),
    ("shop", person("s-1", "Ana Ek", email="ana@home.example")),
    ("crm", person("c-18", "Bob Zuse", email="info@acme.example")),
)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_the_order_of_arrival_does_not_matter(order: tuple[int, ...], crm: Source, desk: Source, acme: Account) -> None:
    sources = {"crm": crm, "desk": desk, "shop": make_source("shop")}
    send(ACCOUNTS, sources["shop"], {"external_id": "ACME", "name": acme.name, "domain": acme.domain})
    for at in order:
        source, item = ARRIVALS[at]
        send(CONTACTS, sources[source], item)
    assert people() == {frozenset({"c-17", "993"}), frozenset({"s-1"}), frozenset({"c-18"})}
    head = Contact.objects.get(records__isnull=False)
    assert (head.shown["name"], head.shown["title"]) == ("Anna Ek", "CFO")
    waiting = Pair.objects.get(verdict="open")
    assert {side.external_id for side in waiting.sides} == {"c-17", "s-1"}  # type: ignore[union-attr]


def doubtful(crm: Source, desk: Source) -> Pair:
    send(CONTACTS, crm, person("c-17", email=ANNA, title="CFO"))
    send(CONTACTS, desk, person("993", "Ana Ek", email="ana@home.example", do_not_contact=True))
    return Pair.objects.get()


def test_a_doubtful_pair_is_made_one_and_two_again_to_the_byte(
    crm: Source, desk: Source, acme: Account, ops: User
) -> None:
    pair = doubtful(crm, desk)
    before, browser = rows(), signed_in(ops)
    page = browser.get("/review/").content.decode().replace("<wbr>", "")
    for words in ("Are these one person?", "Acme ACME", "Their names agree", "Crm: c-17", "ana@home.example"):
        assert words in page
    done = browser.post(f"/review/{pair.pk}/", {"verdict": "same", "why": "she said so"}, follow=True)
    assert "are one person now" in done.content.decode()
    assert people() == {frozenset({"c-17", "993"})}
    assert Contact.objects.get(same_as=None).shown["do_not_contact"] is True
    assert Act.objects.filter(verb="joined").get().why == "she said so"
    contact = Contact.objects.get(external_id="993")
    assert "olga" in browser.get(f"/contacts/{contact.pk}/").content.decode()
    browser.post(f"/review/{pair.pk}/undo/")
    assert rows() == before
    assert_sound()


def test_different_outlives_the_same_file(crm: Source, desk: Source, acme: Account, ops: User) -> None:
    send(CONTACTS, crm, person("c-17", email=ANNA))
    send(CONTACTS, desk, person("993", email=ANNA))
    pair, before, browser = Pair.objects.get(), rows(), signed_in(ops)
    assert "held to be one person" in browser.get(f"/review/?pair={pair.pk}").content.decode()
    browser.post(f"/review/{pair.pk}/", {"verdict": "different"})
    assert people() == {frozenset({"c-17"}), frozenset({"993"})}
    for source, id in ((crm, "c-17"), (desk, "993")):
        send(CONTACTS, source, person(id, email=ANNA), now=LATER)
    assert Pair.objects.get().verdict == "different"
    browser.post(f"/review/{pair.pk}/undo/")
    assert rows() == before
    browser.post(f"/review/{pair.pk}/", {"verdict": "different"})
    send(CONTACTS, desk, person("993", email=ANNA, title="Boss"), now=LATER)
    assert people() == {frozenset({"c-17"}), frozenset({"993"})}


def test_many_alike_are_decided_at_once_and_a_file_lists_them(
    crm: Source, desk: Source, acme: Account, ops: User
) -> None:
    for n, name in enumerate(("Anna Ek", "Bob Zuse", "Carl Maier")):
        send(CONTACTS, crm, person(f"c-{n}", name))
        send(CONTACTS, desk, person(f"d-{n}", name))
    browser = signed_in(ops)
    file = b"".join(browser.get("/review/?format=csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert file.count("Acme ACME") == 3
    form = {"pattern": "contact:name:name", "verdict": "same"}
    assert "3 pairs" in browser.post("/review/alike/", form).content.decode()
    assert len(people()) == 6
    browser.post("/review/alike/", form | {"confirmed": "on"})
    assert len(people()) == 3


def test_one_refusal_holds_and_silence_does_not(crm: Source, desk: Source, acme: Account, ops: User) -> None:
    send(CONTACTS, crm, person("c-17", email=ANNA, consents={"email": "granted", "phone": "granted"}))
    assert refusal_for_address(ANNA, NOW) is None
    send(CONTACTS, desk, person("993", email=ANNA, consents={"phone": "refused"}))
    assert refusal_for_address(ANNA, NOW) is None
    page = signed_in(ops).get(f"/accounts/{acme.pk}/").content.decode()
    assert "Phone: refused" in page
    assert "E-mail: agreed" in page
    send(CONTACTS, desk, person("993", email=ANNA, consents={"email": "refused"}))
    assert refusal_for_address(ANNA, NOW) is Refusal.REFUSED
    contact, said = Contact.objects.get(external_id="993"), {Channel.EMAIL: ConsentState.GRANTED}
    set_consent(contact=contact, said=said, do_not_contact=False, proof="call", by=ops, now=NOW)
    assert refusal_for_address(ANNA, NOW) is None
    send(CONTACTS, desk, person("993", email="anna@other.example", do_not_contact=True))
    assert people() == {frozenset({"c-17", "993"})}, "what was one person is so with a new address too"
    assert refusal_for_address(ANNA, NOW) is Refusal.DO_NOT_CONTACT


def test_whom_one_calls_is_asked_of_every_record(crm: Source, desk: Source, acme: Account) -> None:
    def whom() -> list[tuple[str, str, str]]:
        [row] = Account.objects.filter(pk=acme.pk).annotate(there=people_there(NOW.date(), "accounts_account.id"))
        return [(one.name, one.phone, one.email) for one in contactable(row.there, ())]

    send(CONTACTS, crm, person("c-17", email=ANNA))
    send(CONTACTS, desk, person("993", "A. Ek", email=ANNA, phone="0701234567"))
    assert whom() == [("Anna Ek", "0701234567", ANNA)]
    send(CONTACTS, desk, person("993", "A. Ek", email=ANNA, consents={"phone": "refused"}))
    assert whom() == [("Anna Ek", "", ANNA)]
    send(CONTACTS, desk, person("993", "A. Ek", email=ANNA, do_not_contact=True))
    assert whom() == []


def test_whom_one_calls_counts_influence_and_who_is_unhappy(acme: Account) -> None:
    for name, stakeholder, influence, sentiment in (
        ("Ada", "champion", 3, 0), ("Bo", "champion", 2, 1), ("Cy", "decision_maker", 5, 0),
        ("Di", "sponsor", 4, -1), ("Ed", "detractor", 5, -2), ("Flo", "decision_maker", 5, -1),
    ):  # fmt: skip
        make_contact(acme, name, stakeholder=stakeholder, influence=influence, sentiment=sentiment, phone="1")
    [row] = Account.objects.filter(pk=acme.pk).annotate(there=people_there(NOW.date(), "accounts_account.id"))
    shown = [(one.name, one.is_main, one.feeling) for one in contactable(row.there, ())]
    assert shown == [("Ada", True, ""), ("Flo", False, "unhappy"), ("Cy", False, "")]
    assert {one.feeling for one in contactable(row.there, ["contacts.sentiment"])} == {""}


def test_a_sponsor_who_left_by_another_source_is_a_red_line(crm: Source, desk: Source, acme: Account) -> None:
    send(CONTACTS, crm, person("c-17", email=ANNA, stakeholder="sponsor"))
    send(CONTACTS, desk, person("993", email=ANNA, left_on=NOW.date().isoformat()), now=LATER)
    assert red_lines([acme.pk], NOW) == {acme.pk: ("sponsor_left",)}
    assert Account.objects.filter(crosses_red_line(NOW)).get() == acme
    send(CONTACTS, desk, person("993", email=ANNA, left_on=None), now=LATER)
    assert red_lines([acme.pk], NOW) == {}


def test_accounts_that_become_one_have_their_people_held_together(
    crm: Source, desk: Source, acme: Account, ops: User
) -> None:
    zeta = make_customer(crm, desk, "ZETA")
    send(CONTACTS, crm, person("c-17", email=ANNA))
    send(CONTACTS, desk, person("993", email=ANNA, account="ZETA"))
    before = rows()
    terms: dict[str, Any] = {"survivor_id": acme.pk, "merged_id": zeta.pk, "why": "one", "despite_two_ids": True}
    merge = merge_accounts(**terms, by=ops, now=NOW)
    assert people() == {frozenset({"c-17", "993"})}
    undo_merge(merge_id=merge.pk, by=ops, now=LATER)
    assert [row for row in rows() if '"pattern"' not in row] == [row for row in before if '"pattern"' not in row]
    assert not Pair.objects.exclude(first_contact=None).exists()
    merge_accounts(**terms, by=ops, now=LATER)
    link = acme.links.get(source_id=desk.pk, external_id="ZETA")
    split_account(account_id=acme.pk, link_ids=[link.pk, acme.links.get(source_id=crm.pk, external_id="ZETA").pk],
                  why="two", by=ops, now=LATER)  # fmt: skip
    assert people() == {frozenset({"c-17"}), frozenset({"993"})}
    assert_sound()


def bring(source: Source, text: str, by: User) -> Import:
    made = start_import(file=[text.encode()], filename="c.csv", kind="contacts", source=source, by=by, now=NOW)
    run_import(import_id=made.pk, now=NOW)
    made.refresh_from_db()
    return made


def test_a_file_tells_whom_it_found_and_its_undo_parts_them(
    crm: Source, desk: Source, acme: Account, ops: User
) -> None:
    first = bring(crm, f"account_id,contact_id,name,email,phone\nACME,c-17,Anna Ek,{ANNA},\nACME,c-2,Bo Zuse,,\n", ops)
    before = rows()
    text = f"account_id,contact_id,name,email,title\nACME,993,A. Ek,{ANNA},Boss\nACME,994,Bo Zuse,,\n"
    second = bring(desk, text, ops)
    told = find("contacts").tell(second.pk, 50)  # type: ignore[misc]
    assert (told.rules, told.reviews) == ({"email": 1}, 1)
    assert not [change for change in told.changes if change.field == "since"]
    kept = rows()
    assert bring(desk, text, ops).counts == {"unchanged": 2}
    assert rows() == kept
    undo_import(import_id=second.pk, by=ops, now=LATER)
    assert rows() == before
    bring(desk, text, ops)
    undo_import(import_id=first.pk, by=ops, now=LATER)
    assert people() == {frozenset({"993"}), frozenset({"994"})}
    assert not Pair.objects.exists()
    assert_sound()


def test_an_undo_puts_back_what_a_file_changed_and_who_was_found_by_it(
    crm: Source, desk: Source, acme: Account, ops: User
) -> None:
    bring(crm, f"account_id,contact_id,name,email\nACME,c-17,Anna Ek,{ANNA}\n", ops)
    bring(desk, "account_id,contact_id,name,email,title\nACME,993,Anna Berg,an@home.example,Boss\n", ops)
    before = rows()
    third = bring(desk, f"account_id,contact_id,name,email\nACME,993,Anna Ek,{ANNA}\n", ops)
    assert people() == {frozenset({"c-17", "993"})}
    undo_import(import_id=third.pk, by=ops, now=LATER)
    assert rows() == before


def test_the_erasure_of_a_person_erases_what_all_their_records_hold(
    crm: Source, desk: Source, acme: Account, ops: User
) -> None:
    send(CONTACTS, crm, person("c-17", email=ANNA, phone="+46 70 765 43 21"))
    send(CONTACTS, desk, person("993", "Ana Ek", email="ana@home.example", phone="0707654321", title="Boss"))
    signed_in(ops).post(f"/review/{Pair.objects.get().pk}/", {"verdict": "same"})
    contact = Contact.objects.get(external_id="c-17")
    made = prepare_erasure(subject=contact, reason="by letter", by=ops, now=NOW)
    assert made.counts["contacts"] == 2
    erase_person(erasure=made, by=ops, now=NOW)
    tables = fetch_all("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
                       " AND table_type = 'BASE TABLE'")  # fmt: skip
    for (table,) in tables:
        for (row,) in fetch_all(f'SELECT to_jsonb(x)::text FROM "{table}" x'):  # noqa: S608 - ours
            for word in (ANNA, "ana@home", "765 43 21", "707654321", "Anna Ek", "Ana Ek", '"Boss"'):
                assert word not in row, table
    page = signed_in(ops).get(f"/accounts/{acme.pk}/").content.decode()
    assert "Erased person" not in page
    [answer] = send(CONTACTS, desk, person("9", email="ana@home.example"))
    assert answer.errors[0].code == "erased"
    send(CONTACTS, crm, person("c-20", "Bo Zuse"))
    assert not Pair.objects.exists()
    assert_sound()


def test_whoever_may_not_see_the_account_sees_neither_the_person_nor_the_pair(
    crm: Source, desk: Source, acme: Account
) -> None:
    pair = doubtful(crm, desk)
    stranger: Client = signed_in(make_user("stranger", role="manager"))
    assert stranger.get(f"/contacts/{pair.first_contact_id}/").status_code == 404
    assert stranger.post(f"/review/{pair.pk}/", {"verdict": "same"}).status_code == 404
    assert len(people()) == 2
