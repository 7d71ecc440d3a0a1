"""Switching from a feed to the one that ran beside it, and back: tried first, then done, each in one transaction.

What was held goes through the door as if it came now: as an import of each kind, so that a report says what became of
every record, and undo is the undo of those imports. A preview is the real thing rolled back (ADR 0017).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import Min, Q, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from accounts.models import Account, FieldPolicy, FieldValue, Link
from accounts.queries.policies import current_policy, current_version
from accounts.rules.projection import Policy, give_place_back, read_policy, take_place, write_policy
from accounts.services.merging import project
from accounts.services.parking import lock_keys
from core.bulk import fetch_all
from core.models import User
from core.services import record_act
from intake.enums import ImportStatus, Landing, RunStatus
from intake.models import Held, Import, ParallelRun, RejectedRow
from intake.queries import namespace_of
from intake.rules import Arrival, Kind, Result
from intake.rules.parallel import UNDO_WITHIN
from intake.services.kinds import find
from intake.services.parallel import RunOver, RunRefused, end_run, lock_run
from intake.services.sources import settle_source
from intake.services.taking import counts_of, take
from intake.services.undoing import undo_import
from intake.services.uploads import ImportRefused

_decode = msgspec.json.Decoder().decode
CHUNK = 5000
# A person waits for a preview: so many records of each kind show what is what.
PREVIEW_RECORDS = 2000
SHOWN = 12
# The one column of an import of held records: what the source calls each.
RECORD = "record"
# What a new source that has none of its own takes over from the old one.
CARRIED = ("owner", "backup", "cadence_hours", "runbook")
# What accounts show since the switch, beside what they showed before: the history of values tells it.
# An account is new where nobody spoke of it before: made now, or brought back by its record.
AFFECTED = """
WITH shown AS (
    SELECT v.id, v.account_id, a.name, v.field, v.value, NOT EXISTS (
        SELECT FROM accounts_link l
        WHERE l.account_id = a.id AND l.revoked_at IS NULL AND l.created_at < %(now)s) AS is_new
    FROM accounts_fieldvalue v JOIN accounts_account a ON a.id = v.account_id
    WHERE v.id > %(last)s AND v.observed_at = %(now)s)
"""
COUNTED = """
SELECT field, count(*) FILTER (WHERE NOT is_new), count(DISTINCT account_id) FILTER (WHERE NOT is_new)
FROM shown GROUP BY GROUPING SETS ((field), ())
"""
EXAMPLES = """
SELECT v.account_id, v.name, v.field, was.value, v.value
FROM shown v LEFT JOIN LATERAL (
    SELECT p.value FROM accounts_fieldvalue p
    WHERE p.account_id = v.account_id AND p.field = v.field AND p.id <= %(last)s
    ORDER BY p.observed_at DESC, p.id DESC LIMIT 1) was ON true
WHERE NOT is_new ORDER BY v.id LIMIT %(most)s
"""


@dataclass(frozen=True)
class Shown:
    """A field of an account that shows something else than before."""

    account_id: UUID
    account: str
    field: str
    before: Any
    after: Any


@dataclass
class Switched:
    """What a switch does, or did. `is_whole`: False where a preview took only the first records of a kind."""

    records: dict[str, Counter[str]] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    rules: list[str] = field(default_factory=list)
    carried: list[str] = field(default_factory=list)
    accounts: int = 0
    made: int = 0
    fields: Counter[str] = field(default_factory=Counter)
    examples: list[Shown] = field(default_factory=list)
    is_whole: bool = True


@dataclass(frozen=True)
class Unswitched:
    """What an undo did: values put back, records taken away, what something later wrote, what cannot go back."""

    restored: int = 0
    removed: int = 0
    kept: int = 0
    stays: int = 0


@transaction.atomic
def switch_over(*, run_id: UUID, seen: int, by: User, now: datetime, why: str = "", preview: bool = False) -> Switched:
    """Let the new source take the old one's place. preview: the same with the first records, undone at its end.

    seen: the version of the field rules that the caller looked at. Raises `RunOver`, `RunRefused`.
    """
    run = lock_run(run_id)
    lock_keys()
    _check_ready(run)
    version = current_version()
    if version != seen and not preview:
        raise RunOver(_("Somebody published other field rules meanwhile. Look at what would change now, then switch."))
    last = FieldValue.objects.order_by("-id").values_list("id", flat=True).first() or 0
    done, live = Switched(), Account.objects.filter(archived_at=None)
    before = live.count()
    run.switched = {"version": version, "imports": []}
    end_run(run, RunStatus.SWITCHED, by=by, now=now)
    rules = take_place(current_policy(), str(run.old_id), str(run.new_id))
    done.rules = _publish(rules, run, _("%(new)s takes the place of %(old)s."), by, now)
    _hand_over(run, done, by, now)
    earlier = list(Link.objects.filter(source_id=run.new_id, revoked_at=None).values_list("account_id", flat=True))
    for kind, records in _held_kinds(run, most=PREVIEW_RECORDS if preview else None):
        done.is_whole = done.is_whole and len(records) == Held.objects.filter(run=run, kind=kind.name).count()
        _bring(run, kind, records, done, by, now)
    project_accounts(earlier if done.rules else [], now)
    done.made = live.count() - before
    _read_effect(done, last, now)
    if preview:
        transaction.set_rollback(True)
        return done
    run.save(update_fields=["switched"])
    data = {"accounts": done.accounts, "made": done.made, "fields": dict(done.fields), "rules": len(done.rules)}
    record_act("run_switched", run, by=by, now=now, why=why.strip(), data=data)
    return done


@transaction.atomic
def undo_switch(*, run_id: UUID, by: User, now: datetime) -> Unswitched:
    """Put the old source back in its place; the new one runs beside it again, and what it brought is held again.

    What something later has written stays. Raises `RunOver`, `RunRefused`.
    """
    run = lock_run(run_id, RunStatus.SWITCHED)
    check_undo(run, now)
    lock_keys()
    _publish(_rules_before(run), run, _("%(old)s is back in the place of %(new)s."), by, now)
    found = Unswitched()
    made = Import.objects.filter(pk__in=run.switched["imports"]).order_by("-id")
    for of in made.exclude(status=ImportStatus.UNDONE):
        found = _take_back(of, found, by, now)
    settle_source(source_id=run.old_id, wanted={"is_active": True}, by=by, now=now)
    run.status, run.ended_at, run.ended_by, run.resumed_at, run.switched = RunStatus.RUNNING, None, None, now, {}
    run.save(update_fields=["status", "ended_at", "ended_by", "resumed_at", "switched"])
    left = Link.objects.filter(source_id=run.new_id, revoked_at=None).values_list("account_id", flat=True)
    project_accounts(list(left), now)
    data = {"restored": found.restored, "removed": found.removed, "kept": found.kept}
    record_act("run_unswitched", run, by=by, now=now, data=data)
    return found


def check_undo(run: ParallelRun, now: datetime) -> None:
    """Raises `RunRefused` where a switch cannot be undone any more."""
    if run.ended_at is None or run.ended_at < now - UNDO_WITHIN:
        raise RunRefused(_("This switch is more than 30 days old: run the old source beside the new one instead."))
    pair = (run.old_id, run.new_id)
    others = ParallelRun.objects.running().filter(Q(old__in=pair) | Q(new__in=pair)).select_related("old", "new")
    for other in others[:1]:
        raise RunRefused(_("A later run goes on (%s): end that first.") % other)


def project_accounts(ids: Sequence[UUID], now: datetime) -> None:
    """Let these accounts show what holds of what is said of them."""
    for start in range(0, len(ids), CHUNK):
        project(sorted(set(ids[start : start + CHUNK])), now=now)


# ── The parts of a switch ─────────────────────────────────────────────────────────────────────────────────────────


def _check_ready(run: ParallelRun) -> None:
    if not Held.objects.filter(run=run).exists():
        raise RunRefused(_("Nothing has come from %s yet: there is nothing to switch to.") % run.new)
    under_way = (ImportStatus.WAITING, ImportStatus.RUNNING)
    for of in Import.objects.filter(source__in=(run.old_id, run.new_id), status__in=under_way)[:1]:
        raise RunRefused(_("“%s” is still being taken: wait for its end, or stop it.") % of)


def _publish(policy: Policy, run: ParallelRun, words: str, by: User, now: datetime) -> list[str]:
    """Publish field rules, unless they are those in force; the fields whose rule is another now."""
    newest = FieldPolicy.objects.order_by("-version").first()
    held = read_policy(newest.rules if newest else {})
    changed = sorted(name for name, rule in policy.rules.items() if held.rules.get(name) != rule)
    if not changed:
        return []
    why = words % {"new": run.new, "old": run.old}
    version = newest.version + 1 if newest else 1
    made = FieldPolicy.objects.create(
        version=version, rules=write_policy(policy), why=why, published_by=by, published_at=now
    )
    record_act("published", made, by=by, now=now, why=why)
    return changed


def _hand_over(run: ParallelRun, done: Switched, by: User, now: datetime) -> None:
    """The old source is switched off; what the new one lacks it takes over."""
    wanted = {name: getattr(run.old, name) for name in CARRIED if not getattr(run.new, name) and getattr(run.old, name)}
    if wanted.get("backup") and wanted["backup"] == (run.new.owner or wanted.get("owner")):
        del wanted["backup"]
    done.carried = list(wanted)
    settle_source(source_id=run.new_id, wanted=wanted, by=by, now=now)
    settle_source(source_id=run.old_id, wanted={"is_active": False}, by=by, now=now)


def _held_kinds(run: ParallelRun, most: int | None) -> Iterator[tuple[Kind, list[tuple[str, str]]]]:
    """(kind, (external id, payload) of its records), in the order in which the kinds, and the records, came first."""
    rows = Held.objects.filter(run=run)
    kinds = rows.order_by().values_list("kind").annotate(first=Min(Cast("id", TextField())))
    for name, _first in sorted(kinds, key=lambda kind: kind[1]):
        records = rows.filter(kind=name).order_by("id").values_list("external_id", "payload")
        yield find(name), list(records[:most] if most else records)


def _bring(
    run: ParallelRun, kind: Kind, records: Sequence[tuple[str, str]], done: Switched, by: User, now: datetime
) -> None:
    """Take what was held of one kind, as an import."""
    words = _("%(kind)s that %(new)s had brought beside %(old)s")
    of = Import.objects.create(
        source=run.new, kind=kind.name, status=ImportStatus.DONE, created_by=by, created_at=now, finished_at=now,
        filename=(words % {"kind": kind.label, "new": run.new, "old": run.old})[:255], rows_total=len(records),
        rows_done=len(records), dialect={"header": [RECORD]},
    )  # fmt: skip
    run.switched["imports"].append(str(of.pk))
    source = run.new
    arrival = Arrival(source.pk, source.slug, namespace_of(source), now, actor=f"import {of.pk}", import_id=of.pk)
    counts = done.records.setdefault(kind.name, Counter())
    for start in range(0, len(records), CHUNK):
        chunk = records[start : start + CHUNK]
        results = take(kind, [payload.encode() for _id, payload in chunk], arrival, from_text=True)
        counts.update(counts_of(results))
        _keep_refused(of, chunk, results, start, done)
    of.counts = dict(counts)
    of.save(update_fields=["counts"])
    record_act("imported", of, by=by, now=now, data={"status": of.status, "counts": of.counts})


def _keep_refused(
    of: Import, chunk: Sequence[tuple[str, str]], results: Sequence[Result], start: int, done: Switched
) -> None:
    """What cannot be taken after all is listed with the import, with its reason."""
    refused = [
        (row, id, result.errors[0])
        for row, ((id, _payload), result) in enumerate(zip(chunk, results, strict=True), start=start + 1)
        if result.status is Landing.REJECTED
    ]
    done.refused.update(problem.message for _row, _id, problem in refused)
    RejectedRow.objects.bulk_create(
        [
            RejectedRow(of=of, row=row, column=RECORD, code=problem.code, message=problem.message, value=id, cells=[id])
            for row, id, problem in refused
        ],
        batch_size=2000,
    )


def _read_effect(done: Switched, last: int, now: datetime) -> None:
    """What accounts show since then that they did not show before."""
    names = {"last": last, "now": now, "most": SHOWN}
    for name, changed, accounts in fetch_all(AFFECTED + COUNTED, names):
        if name is None:
            done.accounts = accounts
        elif changed:
            done.fields[name] = changed
    done.examples = [
        Shown(id, account, name, before and _decode(before), _decode(after))
        for id, account, name, before, after in fetch_all(AFFECTED + EXAMPLES, names)
    ]


# ── The parts of an undo ──────────────────────────────────────────────────────────────────────────────────────────


def _rules_before(run: ParallelRun) -> Policy:
    """The rules in force, with the new source where it stood before the switch."""
    before = FieldPolicy.objects.filter(version=run.switched["version"]).first()
    return give_place_back(current_policy(), str(run.new_id), before=read_policy(before.rules if before else {}))


def _take_back(of: Import, found: Unswitched, by: User, now: datetime) -> Unswitched:
    """Undo one of the imports of a switch; what its kind cannot take back stays."""
    if find(of.kind).undo is None or not of.rows_done:
        return replace(found, stays=found.stays + of.rows_done)
    try:
        done = undo_import(import_id=of.pk, by=by, now=now)
    except ImportRefused as refused:
        raise RunRefused(str(refused)) from None
    return replace(
        found, restored=found.restored + done.restored, removed=found.removed + done.removed,
        kept=found.kept + done.all_kept,
    )  # fmt: skip
