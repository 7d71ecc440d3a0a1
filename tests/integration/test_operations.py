"""What an ops person sees and does: tokens, health, dead letters."""

from __future__ import annotations

import csv
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.models import Act, Batch, DeadLetter, Heartbeat, User
from cx_ops import vitals
from decisions.models import Decision
from insights.models import Believed
from intake.enums import Scope
from intake.models import ApiToken, Import, Record, RowWarning, Source
from intake.rules import Kind
from intake.rules.examples import example_of
from intake.rules.mapping import Use
from intake.services import TokenRefused, use_token
from intake.services.files import FileRefused
from intake.services.kinds import all_kinds, file_kinds, find
from intake.services.rows import plan_of
from tests.factories import NOW, make_account, make_insight, make_source, make_token, make_user
from tests.floor import Floor

pytestmark = pytest.mark.django_db


@pytest.fixture
def otto(db: None) -> User:
    return make_user("otto", role="ops", first_name="Otto")


@pytest.fixture
def client(otto: User) -> Client:
    client = Client()
    client.force_login(otto, backend="django.contrib.auth.backends.ModelBackend")
    return client


# ── Tokens ────────────────────────────────────────────────────────────────────────────────────────────────────────


def filled(source: Source, **fields: Any) -> dict[str, Any]:
    day = (timezone.now() + timedelta(days=90)).date().isoformat()
    return {"name": "Nightly", "source": str(source.pk), "scopes": ["read"], "expires_on": day} | fields


def test_a_token_is_shown_once_and_works(client: Client, otto: User) -> None:
    source = make_source("house")
    answer = client.post(reverse("tokens"), filled(source))
    text = answer.context["text"]
    assert text in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    token = use_token(text=text, now=timezone.now())
    assert (token.source, token.scopes, token.created_by) == (source, ["read"], otto)
    assert Act.objects.get(verb="created", subject_type="apitoken").by == otto
    page = client.get(reverse("tokens")).content.decode()
    assert text not in page
    assert f"cxo_{token.prefix}" in page


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": ""}, "Say what uses it"),
        ({"scopes": []}, "at least one thing"),
        ({"expires_on": "2020-01-01"}, "still to come"),
        ({"expires_on": ""}, "last day"),
        ({"source": str(uuid4())}, "valid choice"),
    ],
)
def test_a_token_without_sense_is_not_made(client: Client, wrong: dict[str, Any], words: str) -> None:
    answer = client.post(reverse("tokens"), filled(make_source("house")) | wrong)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_a_revoked_token_is_refused_and_the_trail_knows(client: Client, otto: User) -> None:
    token, text = make_token(make_source("house"))
    client.post(reverse("token_revoke", args=[token.pk]), {"why": "leaked"})
    with pytest.raises(TokenRefused):
        use_token(text=text, now=timezone.now())
    act = Act.objects.get(verb="revoked")
    assert (act.by, act.why) == (otto, "leaked")
    assert "Revoked" in client.get(reverse("tokens")).content.decode()
    assert client.post(reverse("token_revoke", args=[uuid4()])).status_code == 404


def test_the_tokens_are_a_file_without_secrets(client: Client) -> None:
    _token, text = make_token(make_source("house"))
    file = b"".join(client.get(reverse("tokens"), {"format": "csv"})).decode()  # type: ignore[arg-type]
    assert "House" in file
    assert text.split("_", 2)[2] not in file


def test_the_list_of_tokens_costs_the_same_for_many(client: Client, django_assert_max_num_queries: Any) -> None:
    source = make_source("house")
    for _n in range(30):
        make_token(source)
    client.get(reverse("tokens"))
    with django_assert_max_num_queries(12):
        client.get(reverse("tokens"))


def test_the_form_says_which_kinds_a_scope_lets_in(client: Client) -> None:
    page = client.get(reverse("tokens")).content.decode()
    for kind in all_kinds():
        said = re.search(rf"{re.escape(str(Scope(kind.scope).label))}[^<]*<", page)
        assert said
        assert (str(kind.called) or kind.label.lower()) in said[0], kind.name
    assert "Send insights (scores)<" in re.sub(r"\s*<", "<", page), "what its words say is not said again"


# ── Health ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Who answers a ping; and a broker that is there."""
    answers: list[dict[str, Any]] = [{"worker@here": {"ok": "pong"}}]
    monkeypatch.setattr("cx_ops.vitals.current_app.control.ping", lambda timeout: answers)
    monkeypatch.setitem(vitals.CHECKS, "broker", lambda: "")
    return answers


def states(client: Client) -> dict[str, bool]:
    return {part.name: part.ok for part in client.get(reverse("health")).context["parts"]}


def test_all_is_well(client: Client, workers: list[Any]) -> None:
    Heartbeat.objects.create(name="tick")
    assert set(states(client).values()) == {True}
    assert (
        "Whether each feed and each webhook is well stands under Sources"
        in client.get(reverse("health")).content.decode()
    )


def test_what_is_broken_is_named(client: Client, workers: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    workers.clear()
    Heartbeat.objects.create(name="tick", at=timezone.now() - timedelta(minutes=10))
    found = states(client)
    assert (found["Worker"], found["Scheduler (beat)"], found["Database"]) == (False, False, True)
    monkeypatch.setitem(vitals.CHECKS, "broker", lambda: "unreachable")
    assert not states(client)["Broker"]
    Heartbeat.objects.all().delete()
    assert "Has not ticked yet" in client.get(reverse("health")).content.decode()


def test_what_waits_is_shown_by_stage(client: Client, workers: list[Any]) -> None:
    old = Batch.objects.create(stage="decide", size=7, last_error="KeyError: x")
    Batch.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(hours=2))
    DeadLetter.objects.create(record_id=uuid4(), stage="believe", row={}, error="x", attempts=5)
    found = {stage.stage: stage for stage in client.get(reverse("health")).context["stages"]}
    assert list(found) == ["resolve", "believe", "admit", "decide", "dispatch", "withdraw", "measure"]
    assert (found["decide"].rows, found["decide"].is_late, found["decide"].error) == (7, True, "KeyError: x")
    assert found["believe"].dead == 1
    page = client.get(reverse("health")).content.decode()
    assert "Whether each feed" not in page


def test_parts_that_work_do_not_hide_a_stage_that_fails(client: Client, workers: list[Any]) -> None:
    Heartbeat.objects.create(name="tick")
    Batch.objects.create(stage="decide", size=1, last_error="KeyError: x")
    page = client.get(reverse("health")).content.decode()
    assert "Every part works, but one stage could not do all of its work" in page
    assert "tried again by themselves, five times in all" in page
    assert "Whether each feed" not in page


def test_a_dead_letter_says_whose_record_it_is(client: Client) -> None:
    record = Record.objects.create(
        source=make_source("house"), kind="insights", external_id="S-7", payload={}, landed_at=timezone.now()
    )
    DeadLetter.objects.create(record_id=record.pk, stage="believe", row={}, error="x", attempts=5)
    assert "insights S-7 of House" in client.get(reverse("dead_letters")).content.decode()


# ── Imports ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_first_screen_says_what_to_bring(client: Client) -> None:
    page = client.get(reverse("imports")).content.decode()
    assert "Bring three files" in page
    assert "format=csv" not in page
    for kind in file_kinds():
        assert reverse("import_example", args=[kind]) in page
        header, _example = csv.reader(client.get(reverse("import_example", args=[kind])).content.decode().splitlines())
        assert {find(kind).columns[name] for name in header} == set(find(kind).columns.values())
    assert client.get(reverse("import_example", args=["nonsense"])).status_code == 404


@pytest.mark.parametrize("name", file_kinds())
def test_a_row_needs_the_columns_that_are_said_to_be_needed_and_no_more(name: str) -> None:
    """One column of each group makes a row; without any of the groups there is none."""
    kind = find(name)
    example = dict(zip(kind.header, example_of(kind), strict=True)) | {"score": "5"}
    needed = [group[0] for group in kind.needed]
    assert _is_taken(kind, example, needed)
    for column in needed:
        assert not _is_taken(kind, example, [other for other in needed if other != column]), column


def _is_taken(kind: Kind, example: dict[str, str], header: list[str]) -> bool:
    uses = {name: Use(name, unit="EUR" if name == "amount" else "") for name in header}
    try:
        made = plan_of(kind, header, uses).item_of([example[name] for name in header])
        assert isinstance(made, bytes)
        item = msgspec.json.decode(made, type=kind.struct)
    except (FileRefused, msgspec.ValidationError):
        return False
    return not kind.check(item, NOW + timedelta(days=400))


@pytest.mark.parametrize(
    ("status", "said", "unsaid"),
    [
        ("waiting", "Waiting for a worker", "adds up"),
        ("running", "Reading the file", "Waiting for a worker"),
        ("failed", "No row was taken.", "of ? rows"),
        ("undone", "9 rows were read, and what they did is taken back.", "adds up"),
    ],
)
def test_the_page_of_a_file_says_where_it_stands(
    client: Client, otto: User, status: str, said: str, unsaid: str
) -> None:
    read = {"rows_done": 9, "rows_total": 9, "counts": {"created": 9}} if status == "undone" else {}
    of = Import.objects.create(
        source=make_source("crm"), filename="some.csv", kind="accounts", stored_as="x", sha256="", created_at=NOW,
        status=status, **read,
    )  # fmt: skip
    page = client.get(reverse("import", args=[of.pk])).content.decode()
    assert said in page
    assert unsaid not in page


def test_the_list_counts_the_cells_that_were_left_out(client: Client, otto: User) -> None:
    shown = {"filename": "some.csv", "kind": "accounts", "stored_as": "x", "sha256": "", "created_at": NOW}
    of = Import.objects.create(source=make_source("crm"), status="done", rows_done=9, counts={"rejected": 2}, **shown)
    for row in (3, 4, 5):
        RowWarning.objects.create(of=of, row=row, column="arr", code="invalid", message="No number.", value="x")
    page = client.get(reverse("imports")).content.decode()
    assert "2 rows, 3 cells" in page
    assert "Done, not all" in page
    answer = client.get(reverse("imports"), {"format": "csv"})
    [line] = csv.DictReader(b"".join(answer.streaming_content).decode().splitlines())  # type: ignore[attr-defined]
    assert (line["Not taken"], line["Cells left out"]) == ("2", "3")


# ── Dead letters ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_all_of_a_stage_are_replayed_and_worked(client: Client, otto: User) -> None:
    floor = Floor()
    insights = [make_insight(floor.new_account(f"Co{n}"), source=floor.source) for n in range(3)]
    for insight in insights:
        row = Believed.objects.filter(id=insight.pk).values("account_id").get()
        DeadLetter.objects.create(
            record_id=insight.pk, stage="decide", row={"account_id": str(row["account_id"])}, error="x", attempts=5
        )
    other = DeadLetter.objects.create(record_id=uuid4(), stage="believe", row={}, error="y", attempts=5)
    Believed.objects.all().delete()
    Batch.objects.all().delete()
    page = client.get(reverse("dead_letters")).content.decode()
    assert "Replay all of decide (3)" in page
    client.post(reverse("dead_letters_replay", args=["decide"]))
    assert list(DeadLetter.objects.filter(replayed_at=None)) == [other]
    assert Act.objects.filter(verb="replayed", by=otto).count() == 3
    floor.work()
    assert Decision.objects.count() == 3
    assert client.post(reverse("dead_letters_replay", args=["nonsense"])).status_code == 404


def test_what_was_replayed_says_what_became_of_it(client: Client, otto: User) -> None:
    known: dict[str, Any] = {"row": {}, "error": "x" * 300, "attempts": 5}
    replayed = {"replayed_at": timezone.now(), "replayed_by": otto}
    insight = make_insight(make_account(), source=make_source())
    for stage, record_id in (("decide", insight.pk), ("believe", insight.pk), ("measure", uuid4())):
        DeadLetter.objects.create(record_id=record_id, stage=stage, **known, **replayed)
    again = DeadLetter.objects.create(record_id=insight.pk, stage="believe", **known)
    answer = client.get(reverse("dead_letters"))
    fates = {letter.stage: fate for letter, _record, fate, _tone in answer.context["replayed"]}
    assert fates == {"decide": "Waits", "believe": "Came back", "measure": "Worked"}
    assert "x" * 300 in answer.content.decode()
    DeadLetter.objects.filter(pk=again.pk).update(**replayed)
    told = [fate for letter, _record, fate, _tone in client.get(reverse("dead_letters")).context["replayed"]
            if letter.stage == "believe"]  # fmt: skip
    assert sorted(told) == ["Came back", "Worked"], "the first replay came back, however the second went"


@pytest.mark.parametrize("row", [["no", "mapping"], {"account_id": "no id"}, {"no_such": 1}, {"account_id": {}}, 7])
def test_a_letter_whose_row_is_unfit_stays_with_its_sentence_and_the_others_go_on(
    client: Client, otto: User, row: object
) -> None:
    good = make_insight(make_account(), source=make_source())
    row_of = {"account_id": str(good.account_id)}
    broken = DeadLetter.objects.create(record_id=uuid4(), stage="decide", row=row, error="x", attempts=5)
    DeadLetter.objects.create(record_id=good.pk, stage="decide", row=row_of, error="x", attempts=5)
    Believed.objects.all().delete()
    Batch.objects.all().delete()
    page = client.post(reverse("dead_letters_replay", args=["decide"]), follow=True).content.decode()
    assert "1 record is on its way again." in page
    assert f"{broken.record_id} stays here" in page
    assert list(DeadLetter.objects.filter(replayed_at=None)) == [broken]
    assert list(Believed.objects.values_list("id", flat=True)) == [good.pk]
    alone = client.post(reverse("dead_letter_replay", args=[broken.pk]), follow=True).content.decode()
    assert f"{broken.record_id} stays here" in alone
