"""The switch to a new feed: tried, done, taken back, refused; in services and in the browser."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.enums import KeyKind
from accounts.models import Account, AccountKey, FieldPolicy
from accounts.queries.policies import current_policy
from accounts.rules.projection import FieldRule, Policy
from accounts.services.kinds import ACCOUNTS, ACTIVITIES, CONTACTS
from accounts.services.policies import publish_policy
from accounts.services.switching import undo_switch
from core.models import Act, User
from cx_ops.invariants import broken_invariants
from intake.enums import RunStatus
from intake.models import FieldPrivacy, Held, Import, ParallelRun, RejectedRow, Source
from intake.queries.columns import unread_columns
from intake.queries.parallel import kind_lines
from intake.services.parallel import RunOver, RunRefused, forget_held, start_run, stop_run
from tests.beside import LATER, bring, customer, switched
from tests.factories import NOW, make_source, make_user
from tests.floor import signed_in
from tests.integration.test_accounts_bulk import send, statuses
from tests.integration.test_undoing_accounts import projection

pytestmark = pytest.mark.django_db


# ── The switch ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_preview_says_what_would_change_and_changes_nothing(run: ParallelRun, ops: User) -> None:
    bring(run, customer("B", 1, tier="silver"), customer("B", 9))
    before = projection()
    found = switched(run, ops, preview=True)
    assert (found.accounts, found.made, dict(found.fields), found.is_whole) == (1, 1, {"tier": 1}, True)
    [one] = found.examples
    assert (one.account, one.field, one.before, one.after) == ("Fictional Firm 1", "tier", "gold", "silver")
    run.refresh_from_db()
    assert (projection(), run.status, Import.objects.count()) == (before, RunStatus.RUNNING, 0)


def test_the_new_feed_takes_the_old_ones_place(run: ParallelRun, ops: User) -> None:
    crm, other = str(run.old_id), str(make_source("other").pk)
    rules = {"tier": FieldRule(sources=(crm, other)), "region": FieldRule(sources=(other,))}
    publish_policy(policy=Policy(rules), seen=0, why="Start", by=ops, now=NOW)
    bring(run, customer("B", 1, tier="silver"), customer("B", 9))
    done = switched(run, ops, why="It is complete")
    assert (done.accounts, done.made, done.rules) == (1, 1, ["tier"])
    assert Account.objects.called("B1").get().tier == "silver"
    assert Account.objects.called("B1").get() == Account.objects.called("A1").get()
    assert Account.objects.called("A2").get().tier == "gold"
    assert current_policy().rules["tier"].sources == (str(run.new_id), crm, other)
    assert current_policy().rules["region"].sources == (other,)
    for source in (run.old, run.new):
        source.refresh_from_db()
    assert (run.old.is_active, run.new.is_active) == (False, True)
    assert (run.new.owner, run.new.cadence_hours, run.new.runbook) == (run.old.owner, 24, "Call Omar.")
    act = Act.objects.get(verb="run_switched")
    assert (act.by, act.why, act.data["accounts"], act.subject_id) == (ops, "It is complete", 1, str(run.pk))
    assert statuses(bring(run, customer("B", 1, tier="tin"))) == ["updated"]
    assert Account.objects.called("B1").get().tier == "tin"


def test_what_cannot_be_taken_after_all_is_listed_with_its_import(run: ParallelRun, ops: User) -> None:
    bring(run, customer("B", 1, parent="B77"))
    done = switched(run, ops)
    assert sum(done.refused.values()) == 1
    row = RejectedRow.objects.get()
    assert (row.value, row.of.counts) == ("B1", {"rejected": 1})
    assert unread_columns(ops, LATER + timedelta(days=1)) == [], "what a switch takes is no file with a column"


def test_undo_restores_what_accounts_showed(run: ParallelRun, ops: User) -> None:
    rules = {"tier": FieldRule(sources=(str(run.old_id),))}
    publish_policy(policy=Policy(rules), seen=0, why="Start", by=ops, now=NOW)
    before = projection()
    bring(run, customer("B", 1, tier="silver", arr={"amount": 5, "currency": "EUR"}), customer("B", 9))
    person = {"external_id": "c9", "account": {"external_id": "B9"}, "name": "Cy", "email": "cy@firm9.example"}
    call = {"external_id": "a1", "account": {"external_id": "B1"}, "kind": "call", "happened_at": NOW.isoformat()}
    bring(run, person, kind=CONTACTS)
    bring(run, call | {"summary": "Called", "contact": "c9"}, kind=ACTIVITIES)
    began, before_it = run.started_at, [line.brought for line in kind_lines(run)]
    done = switched(run, ops)
    assert {kind: dict(found) for kind, found in done.records.items()} == {
        "accounts": {"updated": 1, "created": 1}, "contacts": {"created": 1}, "activities": {"created": 1},
    }  # fmt: skip
    assert projection() != before
    found = undo_switch(run_id=run.pk, by=ops, now=LATER + timedelta(minutes=1))
    assert projection() == before
    assert found.kept == 0
    run.refresh_from_db()
    run.old.refresh_from_db()
    assert (run.status, run.old.is_active, current_policy().rules) == (RunStatus.RUNNING, True, rules)
    assert (run.started_at, [line.brought for line in kind_lines(run)]) == (began, before_it), "it goes on"
    assert broken_invariants()["nothing that a feed brings beside another is believed"] == []
    assert not AccountKey.objects.filter(kind=KeyKind.EXTERNAL_ID, value__startswith="B").exists()
    assert statuses(bring(run, customer("B", 1, tier="tin"))) == ["updated"]
    assert Account.objects.called("A1").get().tier == "gold"
    assert switched(run, ops, now=LATER + timedelta(hours=1)).made == 1
    assert Account.objects.called("B1").get().tier == "tin"


def test_an_undo_keeps_what_came_later(run: ParallelRun, ops: User) -> None:
    bring(run, customer("B", 1, tier="silver", region="apac"))
    switched(run, ops)
    bring(run, customer("B", 1, tier="tin", region="apac"), now=LATER + timedelta(hours=1))
    found = undo_switch(run_id=run.pk, by=ops, now=LATER + timedelta(hours=2))
    account = Account.objects.called("A1").get()
    assert (account.tier, account.region, found.kept) == ("tin", "emea", 1)


def test_rules_that_somebody_changed_after_the_switch_stay(run: ParallelRun, ops: User) -> None:
    crm, crm2 = str(run.old_id), str(run.new_id)
    publish_policy(policy=Policy({"tier": FieldRule(sources=(crm,))}), seen=0, why="Start", by=ops, now=NOW)
    bring(run, customer("B", 1))
    switched(run, ops)
    theirs = Policy({"tier": FieldRule(sources=(crm2,)), "region": FieldRule(sources=(crm,))})
    publish_policy(policy=theirs, seen=2, why="Only it", by=ops, now=LATER)
    undo_switch(run_id=run.pk, by=ops, now=LATER)
    assert {name: rule.sources for name, rule in current_policy().rules.items()} == {"tier": (), "region": (crm,)}


# ── What cannot be ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_source_beside_itself_or_in_two_runs_is_refused(run: ParallelRun, ops: User) -> None:
    other = make_source("other")
    for old, new, words in (
        (other, other, "beside itself"),
        (run.old, other, "already"),
        (run.new, other, "itself runs beside"),
        (other, run.new, "in another run"),
        (other, run.old, "in another run"),
    ):
        with pytest.raises(RunRefused, match=words):
            start_run(old=old, new=new, by=ops, now=NOW)
    assert ParallelRun.objects.count() == 1


def test_a_source_of_other_kinds_is_refused(old: Source, ops: User) -> None:
    send(ACCOUNTS, old, customer("A", 1))
    desk = make_source("desk")
    send(CONTACTS, desk, {"external_id": "c1", "account": {"id": str(Account.objects.get().pk)}, "name": "Cy"})
    with pytest.raises(RunRefused, match="sends contacts"):
        start_run(old=old, new=desk, by=ops, now=NOW)


def test_a_source_without_a_name_is_refused(old: Source, ops: User) -> None:
    for name in ("", " ", "日本"):
        with pytest.raises(RunRefused):
            start_run(old=old, name=name, by=ops, now=NOW)
    assert Source.objects.count() == 1


def test_a_new_source_is_looked_after_as_the_old_one(old: Source, ops: User) -> None:
    made = start_run(old=old, name="Next CRM", same_ids=True, by=ops, now=NOW).new
    assert (made.slug, made.owner, made.cadence_hours) == ("next-crm", old.owner, 24)
    assert made.account_namespace == old


def test_nothing_to_switch_to(run: ParallelRun, ops: User) -> None:
    with pytest.raises(RunRefused, match="Nothing has come"):
        switched(run, ops)


def test_a_file_under_way_is_waited_for(run: ParallelRun, ops: User) -> None:
    bring(run, customer("B", 1))
    Import.objects.create(source=run.old, kind="accounts", filename="a.csv", created_at=NOW)
    with pytest.raises(RunRefused, match=r"a\.csv"):
        switched(run, ops)


def test_who_comes_second_is_told_what_happened(run: ParallelRun, ops: User) -> None:
    bring(run, customer("B", 1))
    publish_policy(policy=Policy({"tier": FieldRule(sources=(str(run.old_id),))}), seen=0, why="x", by=ops, now=NOW)
    with pytest.raises(RunOver, match="field rules"):
        switched(run, ops, seen=0)
    switched(run, ops)
    with pytest.raises(RunOver, match="switched from Crm to Crm-2"):
        switched(run, ops)
    with pytest.raises(RunOver, match="switched"):
        stop_run(run_id=run.pk, by=ops, now=LATER)
    undo_switch(run_id=run.pk, by=ops, now=LATER)
    with pytest.raises(RunOver, match="undone"):
        undo_switch(run_id=run.pk, by=ops, now=LATER)


def test_a_stopped_run_leaves_nothing_and_takes_nothing_more(run: ParallelRun, ops: User) -> None:
    before = projection()
    bring(run, customer("B", 1))
    stop_run(run_id=run.pk, by=ops, now=LATER)
    run.new.refresh_from_db()
    assert (projection(), Held.objects.count(), run.new.is_active) == (before, 0, False)
    again = start_run(old=run.old, new=run.new, by=ops, now=LATER)
    assert again.new.is_active


def test_what_was_held_is_dropped_when_undo_ends(run: ParallelRun, ops: User) -> None:
    bring(run, customer("B", 1))
    switched(run, ops)
    assert forget_held(LATER + timedelta(days=29)) == 0
    assert forget_held(LATER + timedelta(days=31)) == 1
    with pytest.raises(RunRefused, match="30 days"):
        undo_switch(run_id=run.pk, by=ops, now=LATER + timedelta(days=31))


def test_a_rule_of_more_than_three_sources_is_shown_and_kept_whole(old: Source, ops: User) -> None:
    four = tuple(str(source.pk) for source in (old, *(make_source() for _ in range(3))))
    publish_policy(policy=Policy({"tier": FieldRule(sources=four)}), seen=0, why="Start", by=ops, now=NOW)
    browser = signed_in(ops)
    page = browser.get("/policies/fields/").content.decode()
    assert 'name="tier-3"' in page
    sent = {f"tier-{place}": source for place, source in enumerate(four)}
    browser.post("/policies/fields/", sent | {"seen": 1, "why": "Blanks clear", "tier-nulls": "clear", "do": "publish"})
    assert current_policy().rules["tier"].sources == four
    assert FieldPolicy.objects.count() == 2


# ── On its screens ────────────────────────────────────────────────────────────────────────────────────────────────


def page(by: User, path: str = "/sources/crm/parallel/") -> str:
    return signed_in(by).get(path).content.decode()


def test_a_run_is_begun_compared_switched_and_undone_in_the_browser(old: Source, ops: User) -> None:
    send(ACCOUNTS, old, customer("A", 1))
    browser = signed_in(ops)
    assert "Run a new feed beside it" in page(ops, "/sources/crm/")
    assert browser.post("/sources/crm/parallel/", {"name": "New CRM"}).status_code == 302
    run = ParallelRun.objects.get()
    assert "Nothing to compare has come" in page(ops)
    bring(run, customer("B", 1, tier="silver"))
    assert "?of=accounts:tier&amp;state=different" in page(ops)
    assert "Not believed yet" in page(ops, "/sources/new-crm/")
    tried = browser.post("/sources/crm/parallel/switch/", {"do": "try"}).content.decode()
    assert "1 account would show something else" in tried
    assert Account.objects.get().tier == "gold"
    answer = browser.post("/sources/crm/parallel/switch/", {"seen": "0", "why": "It is complete"})
    assert (answer.status_code, Account.objects.get().tier) == (302, "silver")
    assert "New CRM has taken the place of Crm" in page(ops)
    undone = browser.post("/sources/crm/parallel/undo/", follow=True).content.decode()
    assert "Crm is back in its place: what New CRM had brought is taken back" in undone
    assert Account.objects.get().tier == "gold"
    assert browser.post("/sources/crm/parallel/stop/").status_code == 302
    assert "no account ever showed it" in page(ops)


def test_the_preview_names_what_ends_with_the_old_feed(run: ParallelRun, ops: User) -> None:
    call = {"external_id": "a1", "account": {"external_id": "A1"}, "kind": "call", "happened_at": NOW.isoformat()}
    send(ACTIVITIES, run.old, call)
    make_source("desk", account_namespace=run.old)
    bring(run, customer("B", 1, tier="silver"))
    browser = signed_in(ops)

    def tried() -> str:
        return browser.post("/sources/crm/parallel/switch/", {"do": "try"}).content.decode()

    assert "2 accounts are only in Crm." in tried()
    assert "Crm-2 has never sent: activities." in tried()
    assert "Desk calls accounts by the ids of Crm, and goes on to." in tried()
    assert "Accounts that only Crm-2 knows are not found by them" in tried()
    Source.objects.filter(pk=run.new_id).update(account_namespace=run.old)
    assert "are not found by them" not in tried()
    bring(run, call | {"account": {"external_id": "B1"}}, kind=ACTIVITIES)
    assert "has never sent" not in tried()


def test_the_differences_are_a_file_by_field_and_state(run: ParallelRun, ops: User) -> None:
    bring(run, customer("B", 1, tier="silver", region="apac"), customer("B", 2, tier="silver"))
    lines = b"".join(signed_in(ops).get("/sources/crm/parallel/?format=csv").streaming_content).decode().splitlines()
    assert len(lines) == 4
    assert lines[1].startswith("Fictional Firm 1,region,Different,EMEA,")
    wanted = "/sources/crm/parallel/?of=accounts:tier&state=different&format=csv"
    lines = b"".join(signed_in(ops).get(wanted).streaming_content).decode().splitlines()
    assert [line.split(",")[1] for line in lines[1:]] == ["tier", "tier"]


def test_what_may_not_be_seen_or_leave_is_in_neither(run: ParallelRun, ops: User) -> None:
    bring(run, customer("B", 1, tier="silver", region="apac"))
    restrict = {"privacy": "restricted", "roles": ["leader"], "may_leave": False}
    FieldPrivacy.objects.create(field="accounts.tier", **restrict)
    FieldPrivacy.objects.create(field="accounts.region", privacy="internal", may_leave=False)
    assert ">Silver<" not in page(ops)
    assert ">APAC<" in page(ops)
    lines = b"".join(signed_in(ops).get("/sources/crm/parallel/?format=csv").streaming_content).decode().splitlines()
    assert len(lines) == 1


def test_a_second_browser_is_told_who_was_quicker(run: ParallelRun, ops: User) -> None:
    bring(run, customer("B", 1, tier="silver"))
    browser = signed_in(make_user("kai", role="ops"))
    switched(run, ops)
    for path, data in (("switch", {"seen": "0"}), ("stop", {})):
        answer = browser.post(f"/sources/crm/parallel/{path}/", data)
        assert answer.status_code == 409
        assert "ops switched from Crm to Crm-2 meanwhile" in answer.content.decode()


def test_a_refused_beginning_keeps_what_was_typed(run: ParallelRun, ops: User) -> None:
    stop_run(run_id=run.pk, by=ops, now=NOW)
    answer = signed_in(ops).post("/sources/crm/parallel/", {"name": "  "})
    assert answer.status_code == 422
    assert "give the new one a name" in answer.content.decode()
    assert signed_in(make_user("lea", role="leader")).post("/sources/crm/parallel/", {"name": "X"}).status_code == 403


def test_a_file_says_that_its_source_is_only_compared(run: ParallelRun, ops: User) -> None:
    for status in ("done", "waiting"):
        of = Import.objects.create(source=run.new, kind="accounts", filename="a.csv", created_at=NOW, status=status)
        assert "Crm-2 runs beside Crm: what this file brings is kept" in page(ops, f"/imports/{of.pk}/")
    of.source = run.old
    of.save()
    assert "runs beside" not in page(ops, f"/imports/{of.pk}/")
