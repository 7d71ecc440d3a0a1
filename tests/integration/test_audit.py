"""The audit trail: in words, for those who may know, by person, kind, account and day, as a page and as a file."""

from __future__ import annotations

import ast
import csv
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from core.models import Act, User
from core.services import record_act
from cx_ops.audit import after, in_words, visible_acts
from cx_ops.audit.subjects import SUBJECTS
from cx_ops.audit.words import KINDS
from cx_ops.views.audit import kind_choices
from decisions.enums import OutcomeKind
from decisions.services.drafts import discard_draft
from decisions.services.policies import draft_ownership
from intake.enums import SourceMode
from intake.models import Import
from intake.services.federating import LookUpTerms, save_look_up
from intake.services.pulls import PullTerms, change_pull
from intake.services.sources import settle_source
from playbooks.enums import Held
from playbooks.models import ServiceLevel
from playbooks.services.leaving import hand_over
from playbooks.services.tasks import assign_task, close_task, snooze_task
from tests.architecture.sources import PACKAGES, ROOT, python_files
from tests.factories import NOW, make_account, make_pull, make_source, make_team, make_user
from tests.floor import Floor

pytestmark = pytest.mark.django_db


@pytest.fixture
def floor(db: None) -> Floor:
    return Floor()


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    client.get(reverse("audit"))
    return client


def texts(user: User, **fields: Any) -> list[str]:
    return [line.text for line in in_words(after(visible_acts(user).filter(**fields), ""))]


def verbs_in_the_code() -> set[str]:
    """Every verb that is written in the code as `record_act("verb", …)`."""
    found = set()
    for path in python_files(*PACKAGES):
        for node in ast.walk(ast.parse((ROOT / path).read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("record_act", "record_acts"):
                for value in ast.walk(node.args[0]):
                    if isinstance(value, ast.Constant) and isinstance(value.value, str):
                        found.add(value.value)
    return found


def test_every_verb_has_a_sentence() -> None:
    assert len(verbs_in_the_code()) > 30
    assert verbs_in_the_code() - {verb for verb, _subject in KINDS} == set()
    assert {subject for _verb, subject in KINDS} - set(SUBJECTS) == set()


def test_acts_are_sentences(floor: Floor) -> None:
    task = floor.task()
    snoozed = snooze_task(
        task_id=task.pk, by=floor.ana, version=task.version, until=NOW + timedelta(days=3), now=NOW
    )  # fmt: skip
    given = assign_task(
        task_id=task.pk, by=floor.lead, version=snoozed.version, to=floor.bea, note="Knows them", now=NOW
    )
    close_task(task_id=task.pk, by=floor.bea, version=given.version, outcome=OutcomeKind.RISK_RESOLVED, now=NOW)
    found = texts(floor.lead, subject_type="task")
    for sentence in (
        "A decision opened “Churn risk: house-logit says so, without facts” on Acme",
        "Ana snoozed “Churn risk: house-logit says so, without facts” on Acme until 5 Mar 2026",
        "lena gave “Churn risk: house-logit says so, without facts” on Acme to bea",
        "bea closed “Churn risk: house-logit says so, without facts” on Acme: risk resolved",
    ):
        assert sentence in found


def test_what_was_changed_of_a_door_is_said_and_can_be_opened(floor: Floor) -> None:
    licences = make_source("licences", owner=floor.lead, mode=SourceMode.FEDERATE)
    terms = LookUpTerms("http://127.0.0.1:1/{external_id}", "/plan plan", header_name="X-Key", header_value="s3cret")
    save_look_up(source=licences, terms=terms, by=floor.lead, now=NOW)
    save_look_up(source=licences, terms=replace(terms, header_value=None), by=floor.lead, now=NOW)
    terms = replace(terms, url="http://127.0.0.1:2/{external_id}", is_on=False)
    save_look_up(source=licences, terms=terms, by=floor.lead, now=NOW + timedelta(minutes=1))
    lines = in_words(after(visible_acts(floor.lead).filter(subject_type="lookup"), ""))
    assert [line.text.removeprefix(f"{floor.lead} ") for line in lines] == [
        "changed live look-ups in Licences: address, switched off",
        "changed live look-ups in Licences",
        "set up live look-ups in Licences",
    ]
    assert {line.url for line in lines} == {"/sources/licences/"}
    assert "s3cret" not in str(Act.objects.values_list("data", flat=True))


def test_a_scheduled_fetch_switched_off_is_said_so(floor: Floor) -> None:
    pull = make_pull(make_source("crm"), floor.lead)
    for is_on, hours in ((False, 24), (True, 12)):
        change_pull(pull=pull, terms=PullTerms(pull.url, every_hours=hours), is_on=is_on, by=floor.lead, now=NOW)
    found = texts(floor.lead, subject_type="pull")
    assert "lena switched off the scheduled fetch of accounts from Crm" in found
    assert "lena changed the scheduled fetch of accounts from Crm: every hours" in found


def test_whose_queue_a_task_moved_in_and_what_somebody_of_no_team_is(floor: Floor) -> None:
    data = {"to": str(floor.ana.pk)}
    record_act("released", floor.task(), actor="tick", now=NOW, data=data)
    assert texts(floor.lead, verb="released")[0].endswith(f"on Acme to Now, in the queue of {floor.ana}")
    record_act("created", floor.source, by=make_user("odo", role="ops"), now=NOW)
    record_act("created", floor.source, by=floor.lead, now=NOW)
    page = signed_in(floor.lead).get(reverse("audit")).content.decode()
    assert 'odo <span class="quiet">(operations)</span> added the source' in page
    assert f"{floor.lead} added the source" in page


def test_a_file_says_how_many_of_its_rows_were_taken(floor: Floor) -> None:
    for status, name in (("done", "a.csv"), ("failed", "b.csv")):
        of = Import.objects.create(source=make_source(), kind="accounts", filename=name, created_at=NOW)
        data = {"status": status, "counts": {"created": 1200, "rejected": 3}}
        record_act("imported", of, actor="source crm", now=NOW, data=data)
    otto = make_user("otto", role="ops")
    sent = Import.objects.create(source=make_source(), kind="accounts", filename="c.csv", created_at=NOW)
    data = {"status": "done", "counts": {"created": 2}}
    record_act("imported", sent, by=otto, actor="source crm", now=NOW, data=data)
    found = texts(floor.lead, subject_type="import")
    assert "The file c.csv was imported for otto: 2 rows" in found
    assert "The file a.csv was imported: 1,200 of 1,203 rows" in found
    assert "The file b.csv failed: 1,200 of the first 1,203 rows were imported" in found


def test_a_yes_or_no_says_what_it_was_and_is(floor: Floor) -> None:
    for is_active in (False, True):
        settle_source(source_id=floor.source.pk, wanted={"is_active": is_active}, by=floor.lead, now=NOW)
    said = {text.partition(": ")[2] for text in texts(floor.lead, subject_type="source", verb="changed")}
    assert said == {"in use: yes → no", "in use: no → yes"}


def test_a_draft_that_was_discarded_keeps_its_number(floor: Floor) -> None:
    draft = draft_ownership(by=floor.lead, now=NOW)
    discard_draft(draft, edits=draft.edits, by=floor.lead, now=NOW)
    found = texts(floor.lead, subject_type="ownershippolicy", verb="drafted")
    assert f"lena drafted version {draft.pk} of the matrix" in found


def test_a_policy_that_is_published_for_later_says_from_when(floor: Floor) -> None:
    draft = draft_ownership(by=floor.lead, now=NOW)
    later = {"begins": (NOW + timedelta(days=3)).isoformat()}
    record_act("published", draft, by=floor.lead, now=NOW, data=later)
    published = texts(floor.lead, subject_type="ownershippolicy", verb="published")
    assert f"lena published version {draft.pk} of the matrix, in force from 5 Mar 2026" in published
    record_act("taken_back", draft, by=floor.lead, now=NOW, data=later)
    taken_back = texts(floor.lead, subject_type="ownershippolicy", verb="taken_back")
    assert f"lena took back version {draft.pk} of the matrix, before it came into force" in taken_back


def test_a_name_from_outside_is_text(floor: Floor) -> None:
    account = floor.new_account("<script>{who}</script>")
    record_act("archived", account, by=floor.lead, now=NOW, why="<b>gone</b>")
    page = signed_in(floor.lead).get(reverse("audit")).content.decode()
    assert "<strong>&lt;script&gt;{who}&lt;/script&gt;</strong>" in page
    assert "&lt;b&gt;gone" in page


def test_who_may_know_what(floor: Floor) -> None:
    """A manager: their people's acts, their accounts'; leaders and operations: all."""
    stranger = make_user("cy", team=make_team("South"))
    elsewhere = make_account("Elsewhere", csm=stranger, source=floor.source)
    record_act("archived", elsewhere, by=stranger, now=NOW)
    record_act("archived", floor.account, by=stranger, now=NOW)
    record_act("archived", elsewhere, by=floor.ana, now=NOW)
    record_act("deactivated", stranger, by=stranger, now=NOW)
    assert sorted(texts(floor.lead)) == ["Ana archived Elsewhere", "cy archived Acme"]
    assert len(texts(make_user("noa", role="leader"))) == 4
    assert len(texts(make_user("otto", role="ops"))) == 4


def test_the_filters(floor: Floor) -> None:
    other = floor.new_account("Bluebell")
    record_act("archived", floor.account, by=floor.ana, now=NOW)
    record_act("restored", floor.account, by=floor.bea, now=NOW + timedelta(days=2))
    record_act("archived", other, actor="tick", now=NOW + timedelta(days=4))
    client = signed_in(floor.lead)

    def shown(**query: str) -> list[str]:
        answer = client.get(reverse("audit"), query)
        assert answer.status_code == 200
        return [line.text for _day, lines in answer.context["days"] for folded in lines for line in folded]

    assert shown() == ["The system archived Bluebell", "bea brought Acme back", "Ana archived Acme"]
    assert shown(who=str(floor.ana.pk)) == ["Ana archived Acme"]
    assert shown(who="system") == ["The system archived Bluebell"]
    assert shown(kind="restored account") == ["bea brought Acme back"]
    assert shown(account="blue") == ["The system archived Bluebell"]
    assert shown(account=str(floor.account.pk)) == ["bea brought Acme back", "Ana archived Acme"]
    assert shown(first_day="2026-03-03", last_day="2026-03-04") == ["bea brought Acme back"]
    for wrong in (
        {"account": "zzz"},
        {"first_day": "soon"},
        {"kind": "x"},
        {"first_day": "2026-03-03", "last_day": "2026-03-01"},
    ):
        assert client.get(reverse("audit"), wrong).status_code == 422
    assert client.get(reverse("audit"), {"after": "nonsense"}).status_code == 404


def test_pages_and_the_file_hold_the_same(floor: Floor, django_assert_max_num_queries: Any) -> None:
    for n in range(120):
        record_act("archived", floor.account, by=floor.ana, now=NOW + timedelta(minutes=n // 2), why=f"={n}")
    client = signed_in(floor.lead)
    url, seen = reverse("audit"), []
    while url:
        with django_assert_max_num_queries(12):
            answer = client.get(url)
        seen += [str(line.act.pk) for _day, lines in answer.context["days"] for folded in lines for line in folded]
        url = reverse("audit") + answer.context["next_url"] if answer.context["next_url"] else ""
    assert len(seen) == len(set(seen)) == 120
    file = client.get(reverse("audit"), {"format": "csv"})
    rows = list(csv.DictReader(b"".join(file).decode().splitlines()))  # type: ignore[arg-type]
    assert len(rows) == 120
    assert rows[0]["What"] == "Ana archived Acme"
    assert rows[0]["Why"].startswith("'=")


def test_a_hand_over_is_undone_from_here(floor: Floor) -> None:
    task = floor.task()
    hand_over(user=floor.ana, by=floor.lead, groups=[Held.TASKS], now=NOW)
    act = Act.objects.get(verb="handed_over")
    client = signed_in(floor.lead)
    undo = reverse("hand_over_undo", args=[act.pk])
    assert undo in client.get(reverse("audit")).content.decode()
    assert undo not in signed_in(make_user("noa", role="leader")).get(reverse("audit")).content.decode()
    client.post(undo)
    task.refresh_from_db()
    assert task.assignee == floor.ana
    page = client.get(reverse("audit")).content.decode()
    assert undo not in page
    assert "Taken back" in page


def test_no_undo_is_offered_for_who_has_left(floor: Floor) -> None:
    floor.task()
    hand_over(user=floor.ana, by=floor.lead, now=NOW)
    undo = reverse("hand_over_undo", args=[Act.objects.get(verb="handed_over").pk])
    client = signed_in(floor.lead)
    assert undo in client.get(reverse("audit")).content.decode()
    User.objects.filter(pk=floor.ana.pk).update(is_active=False)
    assert undo not in client.get(reverse("audit")).content.decode()


def test_what_is_gone_is_called_as_it_was(floor: Floor) -> None:
    row = ServiceLevel.objects.create(tier="enterprise", acknowledge_hours=1, touch_hours=4)
    record_act("rule_added", row, by=floor.lead, now=NOW, data={"name": "enterprise"})
    assert texts(floor.lead, verb="rule_added") == ["lena added the house rule service level enterprise"]
    row.delete()
    assert texts(floor.lead, verb="rule_added") == ["lena added the house rule enterprise"]
    record_act("merged", floor.account, by=floor.lead, now=NOW, data={"name": "Pepperwharf"})
    [said] = texts(floor.lead, verb="merged")
    assert said == f"lena merged Pepperwharf into {floor.account}"


def test_an_absence_is_told_with_its_last_day(floor: Floor) -> None:
    data = {"from": "2026-12-07T00:00:00+00:00", "to": "2026-12-12T00:00:00+00:00"}
    record_act("away", floor.ana, by=floor.lead, now=NOW, data=data)
    assert texts(floor.lead, subject_type="user") == ["lena set Ana as away from 7 Dec 2026 to 11 Dec 2026"]


def test_kinds_of_one_name_are_one_choice(floor: Floor) -> None:
    for account in (floor.account, floor.new_account("Beta")):
        record_act("told_apart", account, by=floor.bea, now=NOW)
    for _group, kinds in kind_choices():
        names = [name for _value, name in kinds]
        assert len(names) == len(set(names))
    asked = {"kind": "told_apart account,told_apart contact"}
    page = signed_in(floor.lead).get(reverse("audit"), asked).content.decode()
    assert "another are two" in page
    assert (
        "Nothing of that kind"
        in signed_in(floor.lead).get(reverse("audit"), {"kind": "merged account"}).content.decode()
    )


def test_an_act_about_something_unknown_is_still_shown(floor: Floor) -> None:
    Act.objects.create(verb="wondered", subject_type="weather", subject_id=str(uuid4()), by=floor.ana, at=NOW)
    assert texts(floor.lead) == ["Ana: wondered ()"]


def test_what_one_did_in_one_minute_is_folded_and_nothing_is_left_out(floor: Floor) -> None:
    for minutes in (0, 0, 0, 1):
        record_act("restored", floor.account, by=floor.bea, now=NOW + timedelta(minutes=minutes))
    record_act("archived", floor.account, by=floor.bea, now=NOW)
    of = {"who": str(floor.bea.pk)}
    ((_day, folds),) = signed_in(floor.lead).get(reverse("audit"), of).context["days"]
    assert sorted(len(alike) for alike in folds) == [1, 1, 3]
    page = signed_in(floor.lead).get(reverse("audit"), of).content.decode()
    assert "and 2 more like it in this minute" in page
    assert "Times are in" in page
