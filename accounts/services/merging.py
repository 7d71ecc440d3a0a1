"""Two accounts that are one, and the way back: links and rows are re-pointed, what accounts show is projected anew.

Everything a merge touches is kept in its row: ids of what moved, and rows as they were before and after where more
than their account changed. Undo puts that back, and sends what arrived meanwhile where its link says.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.enums import ErasureStatus, Evidence, KeyKind, Verdict
from accounts.models import Account, AccountKey, Erasure, Link, Merge, Pair
from accounts.queries.policies import current_policy
from accounts.rules.hierarchy import ancestry
from accounts.services.board import Board, open_board
from accounts.services.contacts import settle_contacts
from accounts.services.images import images_of, put_back
from accounts.services.naming import choose_name, take_name_back
from accounts.services.parking import lock_keys
from accounts.services.places import Merging, counts_on, move_rows, places, rooms
from accounts.services.routing import send_home
from core.append_only import rewriting
from core.bulk import fetch_all
from core.models import User
from core.services import record_act

# What a merge may change in the accounts themselves.
SETTLES = timedelta(minutes=10)
OWN = (("accounts_account", "id"), ("accounts_accountperson", "account_id"), ("accounts_stageentry", "account_id"))


class MergeRefused(Exception):
    """The two cannot be made one, or not be parted again; says why. `two_ids`: only an explicit word overrides it."""

    def __init__(self, message: str, *, two_ids: bool = False) -> None:
        super().__init__(message)
        self.two_ids = two_ids


@dataclass(frozen=True)
class MergeEffect:
    """What a merge would do: (what, how many the survivor has, how many come) of all rows; sentences about what ends.

    refusal: why it is refused unless somebody says that the source is wrong; None where it is not.
    """

    rows: list[tuple[str, int, int]]
    ends: list[str]
    refusal: MergeRefused | None


@transaction.atomic
def preview_merge(*, survivor_id: UUID, merged_id: UUID, by: User, now: datetime) -> MergeEffect:
    """The merge itself, undone at its end. Raises `MergeRefused`, `Account.DoesNotExist`."""
    merging, refusal = Merging(survivor_id, merged_id, by, now), None
    _locked_pair(survivor_id, merged_id, by)
    mine, theirs = counts_on(survivor_id), counts_on(merged_id)
    ends = [words for room in rooms() for words in room.ends(merging)]
    given: dict[str, Any] = {
        "survivor_id": survivor_id, "merged_id": merged_id, "why": _("Tried"), "by": by, "now": now,
    }  # fmt: skip
    try:
        merge_accounts(**given)
    except MergeRefused as refused:
        if not refused.two_ids:
            raise
        refusal = refused
        merge_accounts(**given, despite_two_ids=True)
    stays = counts_on(merged_id)
    transaction.set_rollback(True)
    rows = [(name, mine.get(name, 0), theirs.get(name, 0) - stays.get(name, 0)) for name in {**mine, **theirs}]
    return MergeEffect(rows, ends, refusal)


@transaction.atomic
def merge_accounts(
    *, survivor_id: UUID, merged_id: UUID, why: str, by: User, now: datetime,
    rule: Evidence = Evidence.PERSON, evidence: Mapping[str, Any] | None = None, despite_two_ids: bool = False,
    name: str = "",
) -> Merge:  # fmt: skip
    """Make `merged` part of `survivor`, until it is undone. Raises `MergeRefused`, `Account.DoesNotExist`.

    despite_two_ids: both have an id in one namespace, which a source gives to different accounts; `why` says why not.
    name: which of their names the account keeps, whatever its sources call it later; `""`: the one that holds anyhow.
    """
    if not why.strip():
        raise MergeRefused(_("Say why they are one account: whoever looks at it later will want to know."))
    lock_keys()
    pair = _locked_pair(survivor_id, merged_id, by)
    _check(pair[survivor_id], pair[merged_id], despite_two_ids=despite_two_ids)
    merging = Merging(survivor_id, merged_id, by, now)
    both = [str(survivor_id), str(merged_id)]
    before = {table: images_of(table, both, column=column) for table, column in OWN}
    changes = {table: ids for room in rooms() for table, ids in room.changes(merging).items()}
    before |= {table: images_of(table, ids) for table, ids in changes.items()}
    for room in reversed(rooms()):
        room.join(merging)
    merge = Merge(
        survivor_id=survivor_id, merged_id=merged_id, rule=rule, evidence=dict(evidence or {}), why=why.strip(), by=by,
        at=now, moved=_move(merged_id, survivor_id),
    )  # fmt: skip
    Account.objects.filter(pk=merged_id).update(archived_at=now)
    AccountKey.objects.create(account_id=survivor_id, kind=KeyKind.ID, value=str(merged_id))
    merge.named = _name(pair, project([survivor_id], now=now).accounts[survivor_id], name, by, now)
    settle_contacts([survivor_id], now=now)
    after = {table: images_of(table, both, column=column) for table, column in OWN}
    after |= {table: images_of(table, ids) for table, ids in changes.items()}
    merge.before = {table: {"before": before[table], "after": after[table]} for table in before}
    merge.save()
    _judge(survivor_id, merged_id, Verdict.SAME, by, now)
    data = {"merged": str(merged_id), "name": pair[merged_id].name, "merge": str(merge.pk), "rule": rule.value}
    data |= {"called": name} if merge.named else {}
    record_act("merged", pair[survivor_id], by=by, now=now, why=merge.why, data=data)
    return merge


@transaction.atomic
def undo_merge(*, merge_id: UUID, why: str = "", by: User, now: datetime) -> Merge:
    """Part the two again: rows go back, also those that arrived meanwhile under a link that was the merged one's.

    Raises `MergeRefused` where it was undone, or where one of the two was merged again since; `Merge.DoesNotExist`.
    """
    lock_keys()
    merge = Merge.objects.select_for_update().get(pk=merge_id)
    if merge.undone_at is not None:
        raise MergeRefused(_("This merge was undone already."))
    if Erasure.objects.filter(account__in=(merge.survivor_id, merge.merged_id), status=ErasureStatus.DONE).exists():
        raise MergeRefused(_("They were erased on their wish: nothing is left to part."))
    later = Merge.objects.filter(merged=merge.survivor_id, undone_at=None).select_related("survivor").first()
    if later is not None:
        raise MergeRefused(_("It was merged into %s since: undo that first.") % later.survivor)
    pair = _locked_pair(merge.survivor_id, merge.merged_id, by)
    AccountKey.objects.filter(kind=KeyKind.ID, value=str(merge.merged_id)).delete()
    said = said_by(merge.moved.get("accounts_link", []))
    take_name_back(merge.named)
    for table, image in merge.before.items():
        put_back(table, image["before"], image["after"])
    _move_back(merge)
    changed = {table: list(image["before"]) for table, image in merge.before.items()}
    for room in rooms():
        room.part(changed)
    Account.objects.filter(pk=merge.merged_id).update(archived_at=None)
    send_home(start=merge.survivor_id, to=merge.merged_id, since=merge.recorded_at)
    merge.undone_at, merge.undone_by, merge.undone_why = now, by, why.strip()
    merge.save(update_fields=["undone_at", "undone_by", "undone_why"])
    project([merge.survivor_id, merge.merged_id], now=now, also={merge.survivor_id: said})
    settle_contacts([merge.survivor_id, merge.merged_id], now=now)
    _judge(merge.survivor_id, merge.merged_id, Verdict.OPEN if merge.rule != Evidence.PERSON else None, by, now)
    data = {"merged": str(merge.merged_id), "name": pair[merge.merged_id].name, "merge": str(merge.pk)}
    record_act("parted", pair[merge.survivor_id], by=by, now=now, why=merge.undone_why, data=data)
    return merge


def project(ids: Collection[UUID], *, now: datetime, also: Mapping[UUID, set[str]] | None = None) -> Board:
    """Let these accounts show what holds of everything that is said about them; the board says what changed.

    also: fields of which nobody may say anything any more: those are emptied.
    """
    board = open_board(ids, now=now, policy=current_policy(), people={})
    for id in sorted(board.accounts):
        board.settle(id, sorted({*board.fields_of(id), *(also or {}).get(id, ())}))
    board.write_accounts()
    board.write()
    return board


def _name(pair: Mapping[UUID, Account], shown: Account, name: str, by: User, now: datetime) -> dict[str, Any]:
    """Let the account keep the name that was chosen, where it would show another; what of that undo needs."""
    if not name or name == shown.name:
        return {}
    if name not in {account.name for account in pair.values()}:
        raise MergeRefused(_("It is called “%s” by neither of the two any more: choose again.") % name)
    if not current_policy().typed_holds("name"):
        raise MergeRefused(_("A rule says whose name is shown: merge them without choosing, or change the rule first."))
    named = choose_name(shown.pk, name, by=by, now=now)
    project([shown.pk], now=now)
    return named


def said_by(link_ids: Collection[str]) -> set[str]:
    """The fields of which these links say something."""
    return {
        field for values in Link.objects.filter(pk__in=link_ids).values_list("values", flat=True) for field in values
    }


def _locked_pair(survivor: UUID, merged: UUID, by: User) -> dict[UUID, Account]:
    """Both accounts, held in id order so that nobody decides on them meanwhile (ADR 0012)."""
    seen = Account.objects.visible_to(by).filter(pk__in=[survivor, merged]).values("pk")
    locked = Account.objects.filter(pk__in=seen).order_by("pk").select_for_update(no_key=True)
    found = {account.pk: account for account in locked}
    if len(found) != 2:
        raise Account.DoesNotExist
    return found


def _check(survivor: Account, merged: Account, *, despite_two_ids: bool) -> None:
    for account in (survivor, merged):
        if account.archived_at is not None:
            raise MergeRefused(_("%s is archived: bring it back first.") % account)
    parents = dict(Account.objects.exclude(parent=None).values_list("id", "parent_id"))
    if survivor.pk in ancestry(merged.pk, parents) or merged.pk in ancestry(survivor.pk, parents):
        raise MergeRefused(_("One of them stands above the other in the hierarchy: change the parent first."))
    shared = _shared_namespaces(survivor.pk, merged.pk)
    if shared and not despite_two_ids:
        ids = "; ".join(f"{one}, {other}" for one, other in shared)
        words = _("One source calls them by two ids (%(ids)s), which it gives to different accounts. Merge them only "
                  "if you know that the source is wrong, and say so.")  # fmt: skip
        raise MergeRefused(words % {"ids": ids}, two_ids=True)


def _shared_namespaces(one: UUID, other: UUID) -> list[tuple[str, str]]:
    """An id of each in every namespace that knows both."""
    theirs = Link.objects.filter(revoked_at=None, namespace_id__isnull=False)
    mine = dict(theirs.filter(account=one).values_list("namespace_id", "external_id"))
    links = theirs.filter(account=other, namespace_id__in=mine).values_list("namespace_id", "external_id")
    return sorted({(mine[space], id) for space, id in links})


def _judge(one: UUID, other: UUID, verdict: Verdict | None, by: User, now: datetime) -> None:
    """What a person says of two accounts outlives what made them say it. None: it is as if nobody had asked."""
    first, second = sorted((one, other))
    pair = Pair.objects.filter(first=first, second=second)
    if verdict is Verdict.SAME:
        pair.update(verdict=verdict, decided_by=by, decided_at=now)
    else:
        pair.update(verdict=verdict or Verdict.OPEN, decided_by=None, decided_at=None)


# ── Rows ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _move(start: UUID, to: UUID) -> dict[str, list[str]]:
    """Re-point the rows of every room; what moved, by table."""
    moved = {}
    for place in places():
        ids = move_rows(place, start, to)
        if ids:
            moved[place.table] = ids
    return moved


def _move_back(merge: Merge) -> None:
    by_table = {place.table: place for place in places()}
    for table, keys in merge.moved.items():
        if table in by_table:
            move_rows(by_table[table], merge.survivor_id, merge.merged_id, keys)


FOLLOW = """
WITH late AS (
    UPDATE "{place.table}" x SET {place.column} = m.survivor_id FROM accounts_merge m
    WHERE m.merged_id = x.{place.column} AND m.undone_at IS NULL {alone}
    RETURNING m.id, {place.key} AS key)
SELECT id, array_agg(key) FROM late GROUP BY id
"""


def follow_merges(now: datetime) -> int:
    """Take along rows that a stage was writing for an account at the moment it was merged; how many.

    Only after a merge of the last minutes: nothing names a merged account afterwards.
    """
    if not Merge.objects.filter(undone_at=None, recorded_at__gt=Now() - SETTLES).exists():
        return 0
    with transaction.atomic(), rewriting():
        late = [
            (place.table, *row)
            for place in places()
            for row in fetch_all(FOLLOW.format(place=place, alone=place.alone("m.survivor_id")))
        ]
        for table, id, keys in late:
            merge = Merge.objects.select_for_update().get(pk=id)
            merge.moved[table] = [*merge.moved.get(table, []), *keys]
            merge.save(update_fields=["moved"])
            if table == "accounts_contact":
                settle_contacts([merge.survivor_id], now=now)
    return sum(len(keys) for _table, _id, keys in late)
