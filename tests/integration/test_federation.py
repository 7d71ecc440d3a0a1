"""Live look-ups: briefly, seldom, with the last good value, and never inside."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from intake.enums import SourceMode
from intake.models import FieldPrivacy, LookedUp, LookUp, Source
from intake.rules.federating import FieldsRefused, pause_after, read_fields, url_for, values_in
from intake.services.federating import LookUpRefused, LookUpTerms, look_up_all, save_look_up
from tests.factories import NOW, make_source
from tests.floor import Floor, signed_in
from tests.unit.test_outside import Canary

pytestmark = pytest.mark.django_db
FIELDS = "/plan/name plan\n/seats seats number\n/late overdue yes_no\n/nothing nothing\n"
SAYS = {"plan": {"name": "Gold\x1b[31m"}, "seats": 40, "late": False, "more": {}}


def answering(body: object, status: int = 200) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda peer: peer.sendall(f"HTTP/1.1 {status} X\r\nContent-Length: {len(raw)}\r\n\r\n".encode() + raw)


@pytest.fixture
def office() -> Iterator[Canary]:
    made = Canary()
    made.say = answering(SAYS)
    yield made
    made.listening.close()


@pytest.fixture
def billing(floor: Floor) -> Source:
    return make_source("billing", mode=SourceMode.FEDERATE)


@pytest.fixture
def look_up(billing: Source, office: Canary, floor: Floor) -> LookUp:
    terms = LookUpTerms(f"http://127.0.0.1:{office.port}/c/{{external_id}}?x=1", FIELDS, "X-Key", "s3cret")
    return save_look_up(source=billing, terms=terms, by=floor.lead, now=NOW)


def ask(look_up: LookUp, minutes: int = 0) -> LookedUp:
    look_up.refresh_from_db()
    [answer] = look_up_all([(look_up, "A/1")], NOW + timedelta(minutes=minutes))
    return answer


def test_values_come_from_their_places(look_up: LookUp, office: Canary) -> None:
    answer = ask(look_up)
    assert answer.values == {"plan": "Gold", "seats": "40", "overdue": "false", "nothing": None}
    assert office.requests[0].startswith(b"GET /c/A%2F1?x=1 HTTP/1.1")
    assert b"X-Key: s3cret" in office.requests[0]


def test_it_is_asked_seldom(look_up: LookUp, office: Canary) -> None:
    for minutes in (0, 1, 9, 10):
        ask(look_up, minutes)
    assert office.connects == 2


def test_the_last_good_value_stays_with_its_age(look_up: LookUp, office: Canary) -> None:
    ask(look_up)
    office.say = answering(b"", 503)
    answer = ask(look_up, 20)
    assert (answer.values["plan"], answer.fetched_at, answer.problem) == ("Gold", NOW, "It answered 503.")
    office.say = answering(SAYS | {"seats": 41})
    assert ask(look_up, 40).values["seats"] == "41"


def test_after_failures_nobody_asks_for_a_while(look_up: LookUp, office: Canary) -> None:
    office.say = answering(b"no json")
    for minutes in (0, 11, 22):
        assert ask(look_up, minutes).problem == "Its answer is not JSON."
    assert office.connects == 3
    look_up.refresh_from_db()
    assert look_up.paused_until == NOW + timedelta(minutes=23)
    LookUp.objects.update(paused_until=NOW + timedelta(hours=2))
    ask(look_up, 60)
    assert office.connects == 3
    office.say = answering(SAYS)
    assert ask(look_up, 121).problem == ""
    look_up.refresh_from_db()
    assert (look_up.failures, look_up.paused_until) == (0, None)


def test_a_slow_one_is_cut_off(look_up: LookUp, office: Canary) -> None:
    office.say = lambda peer: time.sleep(5)
    assert "2" in ask(look_up).problem or "time" in ask(look_up).problem


def test_it_stands_on_the_account(look_up: LookUp, floor: Floor, billing: Source) -> None:
    account = floor.new_account("Bolt", source=billing, external_id="A/1")
    browser = signed_in(floor.ana)
    page = browser.get(f"/accounts/{account.pk}/").content.decode()
    assert f'hx-get="/accounts/{account.pk}/live/"' in page
    FieldPrivacy.objects.create(field="lookups.seats", privacy="restricted", roles=["manager"], may_leave=False)
    part = browser.get(f"/accounts/{account.pk}/live/", headers={"HX-Request": "true"}).content.decode()
    assert "Gold" in part
    assert "<html" not in part
    assert ">40<" not in part
    whole = signed_in(floor.lead).get(f"/accounts/{account.pk}/live/").content.decode()
    assert "<html" in whole
    assert ">40<" in whole


@pytest.mark.parametrize(
    ("url", "fields", "field"),
    [
        ("https://10.0.0.1/{external_id}", "/a a", "url"),
        ("https://example.com/", "/a a", "url"),
        ("https://{external_id}.example.com/", "/a a", "url"),
        ("https://example.com/{external_id}", "a a", "fields"),
        ("https://example.com/{external_id}", "/a A!", "fields"),
        ("https://example.com/{external_id}", "/a a colour", "fields"),
        ("https://example.com/{external_id}", "/a a\n/b a", "fields"),
        ("https://example.com/{external_id}", " ", "fields"),
    ],
)
def test_what_is_refused(billing: Source, floor: Floor, url: str, fields: str, field: str) -> None:
    with pytest.raises(LookUpRefused) as refused:
        save_look_up(source=billing, terms=LookUpTerms(url, fields), by=floor.lead, now=NOW)
    assert refused.value.field == field


def test_another_mode_has_none(floor: Floor) -> None:
    with pytest.raises(LookUpRefused):
        save_look_up(
            source=floor.source, terms=LookUpTerms("https://example.com/{external_id}", "/a a"), by=floor.lead, now=NOW
        )


def test_it_is_settled_on_a_screen(billing: Source, floor: Floor) -> None:
    browser = signed_in(floor.lead)
    sent = {"url": "http://127.0.0.1:1/{external_id}", "fields_text": "/a a", "keep_minutes": "5", "is_on": "on"}
    key = {"header_name": "X-Key", "header_value": "s3cret"}
    assert browser.post("/sources/billing/look-up/", sent | {"fields_text": "x"}).status_code == 422
    assert browser.post("/sources/billing/look-up/", sent | key).status_code == 302
    assert "s3cret" not in browser.get("/sources/billing/look-up/").content.decode()
    browser.post("/sources/billing/look-up/", sent | key | {"header_value": ""})
    assert LookUp.objects.get().header_value == "s3cret"


def test_the_list_of_sources_says_who_switched_it_off(look_up: LookUp, billing: Source, floor: Floor) -> None:
    browser, words = signed_in(floor.lead), f"{floor.lead}, <time"
    assert words not in browser.get("/sources/").content.decode()
    terms = LookUpTerms(look_up.url, look_up.fields, is_on=False)
    save_look_up(source=billing, terms=terms, by=floor.lead, now=NOW)
    assert words in browser.get("/sources/").content.decode()


def test_an_id_stays_in_its_place() -> None:
    assert url_for("https://example.com/{external_id}", "../x?y#z") == "https://example.com/..%2Fx%3Fy%23z"


def test_pointers() -> None:
    [field, *_rest] = read_fields("/a~1b/0/c~0d value")
    assert values_in({"a/b": [{"c~d": 1}]}, [field]) == {"value": "1"}
    assert values_in({"a/b": []}, [field]) == {"value": None}
    with pytest.raises(FieldsRefused):
        read_fields("\n".join(f"/a a{n}" for n in range(21)))


def test_pauses_grow_to_an_hour() -> None:
    assert [pause_after(n) for n in (0, 2, 3, 4, 30)] == [
        None, None, timedelta(minutes=1), timedelta(minutes=2), timedelta(hours=1),
    ]  # fmt: skip
