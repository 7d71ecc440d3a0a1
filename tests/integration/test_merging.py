"""Merging accounts and parting them again: nothing is lost, and undo leaves every row as it was."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from accounts.enums import AccountRole, ActivityKind
from accounts.models import Account, Contact, FieldPolicy, FieldValue, Link, Merge, Pair, Resolved
from accounts.queries import find_accounts
from accounts.services import (
    MergeRefused,
    log_activity,
    merge_accounts,
    project_all,
    resolve_records,
    set_account_person,
    split_account,
    undo_merge,
)
from accounts.services.kinds import ACCOUNTS, ACTIVITIES, CONTACTS, CONTRACTS, ORDERS
from accounts.services.merging import follow_merges, preview_merge
from core.bulk import execute, fetch_all
from core.stages import Stage
from cx_ops.invariants import broken_invariants
from decisions.models import Item
from insights.models import Insight
from insights.services import KINDS as INSIGHT_KINDS
from insights.services.believing import believe_records
from intake.models import Landed, Source
from playbooks.models import Task
from tests.factories import NOW, make_source, make_user
from tests.floor import Floor
from tests.integration.test_accounts_bulk import send, statuses

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)
RESOLVE = Stage("resolve", Landed, resolve_records)
BELIEVE = Stage("believe", Resolved, believe_records)
# Histories only ever grow: what was in them stays, which `history` compares.
HISTORIES = ("core_act", "accounts_fieldvalue", "accounts_merge", "outcomes_outcome")


def dump(*ids: UUID) -> dict[str, list[str]]:
    """Every row, of every table that is no history, that names one of these accounts."""
    columns = fetch_all(
        "SELECT c.table_name, array_agg(c.column_name::text) FROM information_schema.columns c"
        " JOIN information_schema.tables t USING (table_schema, table_name)"
        " WHERE c.table_schema = 'public' AND c.data_type = 'uuid' AND t.table_type = 'BASE TABLE'"
        " GROUP BY 1 ORDER BY 1"
    )
    found = {}
    for table, names in columns:
        if table not in HISTORIES and not table.endswith("event") and not table.startswith("intake_record"):
            named = " OR ".join(f'x."{name}" = ANY(%s)' for name in names)
            sql = f'SELECT to_jsonb(x)::text FROM "{table}" x WHERE {named} ORDER BY 1'  # noqa: S608
            rows = [row for (row,) in fetch_all(sql, [list(ids)] * len(names))]
            found[table] = rows
    return {table: rows for table, rows in found.items() if rows}


def account_item(id: str, **fields: Any) -> dict[str, Any]:
    return {"external_id": id, "name": f"Fictional {id}"} | fields


def about(id: str, item: dict[str, Any]) -> dict[str, Any]:
    return item | {"account": {"external_id": id}}


def assert_sound() -> None:
    """The invariants hold; but the insights of the floor are made by hand, without a record."""
    broken = {name: rows for name, rows in broken_invariants().items() if rows and "came as a record" not in name}
    assert not broken


class Two:
    """The same customer from two systems, at work on both."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self.crm, self.billing = make_source("crm"), make_source("billing")
        self.ops = make_user("olga", role="ops")
        fields = {"stage": "live", "csm": "ana", "tier": "growth", "fields": {"seats": 4}}
        send(ACCOUNTS, self.crm, account_item("A", **fields), now=NOW)
        send(ACCOUNTS, self.billing, account_item("B", csm="bea", region="emea", stage="renewal"), now=NOW)
        self.survivor, self.merged = (Account.objects.get(name=f"Fictional {id}") for id in "AB")
        for source, id in ((self.crm, "A"), (self.billing, "B")):
            self.rows(source, id, "1")
        for account in (self.survivor, self.merged):
            floor.insight(account=account)
        floor.insight(account=self.merged, type_id="expansion_signal")

    def rows(self, source: Source, id: str, number: str) -> None:
        dates = {"starts_on": "2026-01-01", "ends_on": "2026-12-31"}
        call = {"kind": "call", "happened_at": "2026-03-01T09:00:00Z", "summary": "Talked"}
        money = {"happened_on": "2026-02-01", "amounts": {"usd": f"{number}1.77"}}
        send(CONTACTS, source, about(id, {"external_id": f"{id}c{number}", "name": "Cy"}))
        send(CONTRACTS, source, about(id, {"external_id": f"{id}k{number}"} | dates))
        send(ACTIVITIES, source, about(id, {"external_id": f"{id}t{number}"} | call))
        send(ORDERS, source, about(id, money))

    def merge(self, **fields: Any) -> Merge:
        terms: dict[str, Any] = {
            "survivor_id": self.survivor.pk,
            "merged_id": self.merged.pk,
            "by": self.ops,
            "now": LATER,
        }
        return merge_accounts(**(terms | {"why": "the same company"} | fields))

    def undo(self, merge: Merge) -> None:
        undo_merge(merge_id=merge.pk, by=self.ops, now=LATER + timedelta(hours=1))


@pytest.fixture
def two(floor: Floor) -> Two:
    return Two(floor)


def test_merge_and_undo_leave_every_row_as_it_was(two: Two) -> None:
    before = dump(two.survivor.pk, two.merged.pk)
    values = list(FieldValue.objects.order_by("id").values())
    merge = two.merge()
    assert dump(two.survivor.pk, two.merged.pk) != before
    two.undo(merge)
    assert dump(two.survivor.pk, two.merged.pk) == before
    assert list(FieldValue.objects.order_by("id").values())[: len(values)] == values
    assert_sound()


def test_everything_of_the_merged_account_is_the_survivors(two: Two) -> None:
    two.merge()
    held = {table for table, rows in dump(two.merged.pk).items() if rows}
    assert held <= {"accounts_account", "accounts_accountperson", "accounts_stageentry", "decisions_stream"}
    two.survivor.refresh_from_db()
    assert (two.survivor.region, two.survivor.tier, two.survivor.stage) == ("emea", "growth", "renewal")
    assert Contact.objects.filter(account=two.survivor).count() == 2
    assert find_accounts([(None, "id", str(two.merged.pk))]) == {(None, "id", str(two.merged.pk)): two.survivor.pk}
    assert_sound()
    assert project_all(now=LATER) == 0


def test_the_preview_says_what_the_merge_does_and_changes_nothing(two: Two) -> None:
    before = dump(two.survivor.pk, two.merged.pk)
    effect = preview_merge(survivor_id=two.survivor.pk, merged_id=two.merged.pk, by=two.ops, now=LATER)
    assert dump(two.survivor.pk, two.merged.pk) == before
    assert not Merge.objects.exists()
    assert effect.refusal is None
    told = {name: counts for name, *counts in effect.rows}
    assert (told["contacts"], told["insights"], told["tasks"]) == ([1, 1], [1, 2], [1, 2])
    [ends] = effect.ends
    assert "Both have something open about Churn risk:" in ends
    send(ACCOUNTS, two.crm, account_item("A2"))
    other = Account.objects.get(name="Fictional A2")
    twice = preview_merge(survivor_id=two.survivor.pk, merged_id=other.pk, by=two.ops, now=LATER)
    assert not any(comes for _name, _mine, comes in twice.rows)
    assert (twice.ends, "A, A2" in str(twice.refusal)) == ([], True)
    assert not Merge.objects.exists()


def test_of_two_open_items_of_a_type_the_second_becomes_evidence_and_comes_back(two: Two) -> None:
    ours, theirs = (Item.objects.get(account=account, type="churn_risk") for account in (two.survivor, two.merged))
    merge = two.merge()
    ours.refresh_from_db()
    theirs.refresh_from_db()
    assert (ours.closed_at, ours.evidence_count, theirs.outcome) == (None, 2, "duplicate")
    task = Task.objects.get(item=theirs)
    assert (task.status, task.account_id) == ("merged", two.survivor.pk)
    assert Item.objects.get(type="expansion_signal").account_id == two.survivor.pk
    two.floor.work(LATER)
    two.undo(merge)
    theirs.refresh_from_db()
    assert (theirs.closed_at, theirs.account_id, Task.objects.get(item=theirs).status) == (None, two.merged.pk, "open")
    assert_sound()


def test_what_arrives_between_merge_and_undo_goes_where_its_link_says(two: Two) -> None:
    merge = two.merge()
    assert statuses(send(ACCOUNTS, two.billing, account_item("B", region="apac"), now=LATER)) == ["updated"]
    two.rows(two.billing, "B", "2")
    two.rows(two.crm, "A", "2")
    item = {"external_id": "s9", "type": "churn_risk", "confidence": "0.91", "model": "m", "model_version": "1",
            "scored_at": LATER.isoformat(), "account": {"external_id": "B"}}  # fmt: skip
    [kind] = [kind for kind in INSIGHT_KINDS if kind.name == "insights"]
    assert statuses(send(kind, two.billing, item, now=LATER)) == ["accepted"]
    RESOLVE.advance(LATER)
    BELIEVE.advance(LATER)
    assert Insight.objects.get(external_id="s9").account_id == two.survivor.pk
    two.undo(merge)
    for id, account in (("A", two.survivor), ("B", two.merged)):
        names = Contact.objects.filter(account=account).order_by("external_id").values_list("external_id", flat=True)
        assert list(names) == [f"{id}c1", f"{id}c2"]
        assert account.contracts.count() == account.activities.count() == account.ledger.count() == 2
    assert Insight.objects.get(external_id="s9").account_id == two.merged.pk
    two.survivor.refresh_from_db()
    two.merged.refresh_from_db()
    assert (two.survivor.region, two.merged.region) == ("", "apac")
    two.floor.work(LATER)
    assert_sound()
    assert project_all(now=LATER) == 0


def test_rows_that_a_stage_was_writing_are_taken_along(two: Two) -> None:
    merge = two.merge()
    moved = Contact.objects.filter(account=two.survivor).first()
    assert moved is not None
    execute("UPDATE accounts_contact SET account_id = %s WHERE id = %s", [two.merged.pk, moved.pk])
    assert follow_merges(LATER) == 1
    moved.refresh_from_db()
    merge.refresh_from_db()
    assert moved.account_id == two.survivor.pk
    assert str(moved.pk) in merge.moved["accounts_contact"]


def test_two_ids_of_one_namespace_need_a_word(two: Two) -> None:
    send(ACCOUNTS, two.crm, account_item("A2"))
    other = Account.objects.get(name="Fictional A2")
    with pytest.raises(MergeRefused, match="A, A2") as refused:
        two.merge(merged_id=other.pk)
    assert refused.value.two_ids
    merge = two.merge(merged_id=other.pk, despite_two_ids=True, why="the CRM has it twice")
    assert statuses(send(ACCOUNTS, two.crm, account_item("A2", tier="scale"))) == ["updated"]
    two.undo(merge)
    other.refresh_from_db()
    assert (other.tier, other.archived_at) == ("scale", None)


def test_one_above_the_other_in_the_hierarchy_is_not_merged(two: Two) -> None:
    """It would stand below itself."""
    send(ACCOUNTS, two.crm, account_item("P"), account_item("A3", parent="P"))
    parent, child = Account.objects.get(name="Fictional P"), Account.objects.get(name="Fictional A3")
    for survivor, merged in ((parent, child), (child, parent)):
        with pytest.raises(MergeRefused, match="hierarchy"):
            two.merge(survivor_id=survivor.pk, merged_id=merged.pk, despite_two_ids=True)


def test_what_is_refused(two: Two, floor: Floor) -> None:
    with pytest.raises(MergeRefused, match="why"):
        two.merge(why=" ")
    merge = two.merge()
    with pytest.raises(MergeRefused, match="archived"):
        two.merge()
    two.undo(merge)
    with pytest.raises(MergeRefused, match="undone already"):
        two.undo(merge)
    send(ACCOUNTS, two.crm, account_item("C", parent="A"))
    with pytest.raises(MergeRefused, match="above"):
        two.merge(merged_id=Account.objects.get(name="Fictional C").pk)
    stranger = make_user("stranger")
    with pytest.raises(Account.DoesNotExist):
        two.merge(by=stranger)


def test_a_chain_of_merges_is_undone_from_its_end(two: Two) -> None:
    send(ACCOUNTS, make_source("third"), account_item("C"))
    last = Account.objects.get(name="Fictional C")
    before = dump(two.survivor.pk, two.merged.pk, last.pk)
    first = two.merge()
    second = two.merge(survivor_id=last.pk, merged_id=two.survivor.pk)
    assert find_accounts([(None, "id", str(two.merged.pk))]).popitem()[1] == last.pk
    with pytest.raises(MergeRefused, match="Fictional C"):
        two.undo(first)
    two.undo(second)
    two.undo(first)
    assert dump(two.survivor.pk, two.merged.pk, last.pk) == before


def test_a_split_takes_the_rows_of_its_links(two: Two, floor: Floor) -> None:
    two.merge(despite_two_ids=True)
    log_activity(account=two.survivor, kind=ActivityKind.CALL, summary="By hand", by=floor.ana, now=LATER)
    link = Link.objects.get(external_id="B", revoked_at=None)
    new = split_account(account_id=two.survivor.pk, link_ids=[link.pk], why="two firms", by=two.ops, now=LATER)
    assert (new.name, new.region) == ("Fictional B", "emea")
    two.survivor.refresh_from_db()
    assert (two.survivor.region, two.survivor.stage) == ("", "live")
    assert new.contacts.count() == new.contracts.count() == new.activities.count() == new.ledger.count() == 1
    assert two.survivor.activities.count() == 2
    assert Pair.objects.get().verdict == "different"
    assert_sound()
    assert project_all(now=LATER) == 0


def test_only_links_of_the_account_can_be_split_off(two: Two) -> None:
    link = Link.objects.get(external_id="A", revoked_at=None)
    with pytest.raises(MergeRefused, match="Leave"):
        split_account(account_id=two.survivor.pk, link_ids=[link.pk], why="all", by=two.ops, now=LATER)
    other = Link.objects.get(external_id="B", revoked_at=None)
    with pytest.raises(MergeRefused, match="Choose"):
        split_account(account_id=two.survivor.pk, link_ids=[other.pk], why="not its", by=two.ops, now=LATER)


def names_of(two: Two) -> list[str]:
    return [Account.objects.get(pk=id).name for id in (two.survivor.pk, two.merged.pk)]


def test_the_name_that_is_chosen_is_kept_when_the_files_come_again(two: Two) -> None:
    merge = two.merge(name="Fictional A")
    assert names_of(two)[0] == "Fictional A"
    for hours in (1, 2):
        for source, id in ((two.crm, "A"), (two.billing, "B")):
            send(ACCOUNTS, source, account_item(id), now=LATER + timedelta(minutes=hours))
    send(ACCOUNTS, two.billing, account_item("B", name="Fictional B Ltd"), now=LATER + timedelta(minutes=9))
    assert names_of(two)[0] == "Fictional A", "what its sources say later does not change it"
    assert merge.named["was"] is None
    two.undo(merge)
    assert names_of(two) == ["Fictional A", "Fictional B Ltd"]
    assert not Link.objects.filter(namespace_id=None).exists()
    assert_sound()


def test_a_name_that_was_chosen_is_undone_to_the_byte(two: Two) -> None:
    before = dump(two.survivor.pk, two.merged.pk)
    two.undo(two.merge(name="Fictional A"))
    assert dump(two.survivor.pk, two.merged.pk) == before


def test_what_else_the_same_person_says_stays_when_the_name_is_taken_back(two: Two) -> None:
    set_account_person(account=two.survivor, role=AccountRole.CSM, user=two.floor.bea, by=two.ops, now=NOW)
    merge = two.merge(name="Fictional A")
    set_account_person(account=two.survivor, role=AccountRole.CSM, user=two.floor.ana, by=two.ops, now=LATER)
    two.undo(merge)
    (link,) = Link.objects.filter(namespace_id=None)
    assert (set(link.values), link.values["people.csm"][0]) == ({"people.csm"}, "ana")


def test_the_name_that_holds_anyhow_is_nobody_s_choice(two: Two) -> None:
    merge = two.merge(name="Fictional B")
    assert (merge.named, names_of(two)[0]) == ({}, "Fictional B")
    assert not Link.objects.filter(namespace_id=None).exists()


def test_a_name_of_neither_and_one_against_a_rule_are_refused(two: Two) -> None:
    with pytest.raises(MergeRefused, match="by neither of the two"):
        two.merge(name="Something else")
    rules = {"name": {"sources": [str(two.billing.pk)]}}
    FieldPolicy.objects.create(version=1, rules=rules, why="billing", published_by=two.ops, published_at=NOW)
    with pytest.raises(MergeRefused, match="A rule says whose name"):
        two.merge(name="Fictional A")
    assert names_of(two) == ["Fictional A", "Fictional B"]
