"""Pairs of accounts that may be one: what a person says of them, singly or by pattern, and taking it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.enums import Evidence, Verdict
from accounts.models import Account, Merge, Pair
from accounts.services.merging import MergeRefused, merge_accounts, undo_merge
from core.models import User
from core.services import record_act

MOST = 200


class PairDecided(Exception):
    """Somebody else said it meanwhile; says what."""


@dataclass
class Judged:
    """What a verdict about many did: pairs that are decided now, and those that were refused with the reason."""

    done: list[Pair] = field(default_factory=list)
    refused: list[tuple[Pair, str]] = field(default_factory=list)


@transaction.atomic
def judge_pair(
    *, pair_id: UUID, verdict: Verdict, by: User, now: datetime, why: str = "", despite_two_ids: bool = False
) -> Pair:
    """Say that two accounts are one, which merges them into the older, or that they are two, which is not asked again.

    Raises `PairDecided`, `MergeRefused`, `Pair.DoesNotExist`.
    """
    pair = _locked(pair_id, by)
    if pair.verdict != Verdict.OPEN:
        raise PairDecided(_("%(who)s said meanwhile: %(what)s.") % {
            "who": pair.decided_by or _("Somebody"), "what": Verdict(pair.verdict).label})  # fmt: skip
    if verdict == Verdict.SAME:
        survivor, merged = _older_first(pair)
        merge_accounts(
            survivor_id=survivor.pk, merged_id=merged.pk, why=why.strip() or _("Decided on the review screen."), by=by,
            now=now, rule=Evidence(pair.rule), evidence=pair.evidence, despite_two_ids=despite_two_ids,
        )  # fmt: skip
    else:
        Pair.objects.filter(pk=pair.pk).update(verdict=verdict, decided_by=by, decided_at=now)
        data = {"pair": str(pair.pk), "other": str(pair.second.pk)}
        record_act("told_apart", pair.first, by=by, now=now, why=why.strip(), data=data)
    pair.refresh_from_db()
    return pair


@transaction.atomic
def unjudge_pair(*, pair_id: UUID, by: User, now: datetime) -> Pair:
    """Ask again: a merge is undone, two that were told apart may be one again. Raises as `judge_pair` does."""
    pair = _locked(pair_id, by)
    if pair.verdict == Verdict.SAME:
        both = (pair.first.pk, pair.second.pk)
        merge = Merge.objects.filter(survivor__in=both, merged__in=both, undone_at=None).first()
        if merge is not None:
            undo_merge(merge_id=merge.pk, by=by, now=now, why=_("Taken back on the review screen."))
    Pair.objects.filter(pk=pair.pk).update(verdict=Verdict.OPEN, decided_by=None, decided_at=None)
    record_act("untold", pair.first, by=by, now=now, data={"pair": str(pair.pk), "other": str(pair.second.pk)})
    pair.refresh_from_db()
    return pair


@transaction.atomic
def skip_pair(*, pair_id: UUID, by: User, now: datetime) -> None:
    """Leave it for later: it goes to the end. Raises `Pair.DoesNotExist`."""
    pair = _locked(pair_id, by)
    Pair.objects.filter(pk=pair.pk, verdict=Verdict.OPEN).update(skipped_at=now)


@transaction.atomic
def judge_pattern(*, pattern: str, verdict: Verdict, by: User, now: datetime, preview: bool = False) -> Judged:
    """The same verdict about all pairs of one pattern, the first 200. preview: change nothing, say what would."""
    done = Judged()
    for pair in alike(pattern, by):
        try:
            with transaction.atomic():
                done.done.append(
                    judge_pair(pair_id=pair.pk, verdict=verdict, by=by, now=now, why=_("Decided with others alike."))
                )
        except (MergeRefused, PairDecided, Account.DoesNotExist) as refusal:
            done.refused.append((pair, str(refusal)))
    if preview:
        transaction.set_rollback(True)
    return done


def alike(pattern: str, by: User) -> Sequence[Pair]:
    waiting = Pair.objects.visible_to(by).waiting().filter(pattern=pattern)
    return list(waiting.select_related("first", "second")[:MOST])


def _locked(pair_id: UUID, by: User) -> Pair:
    found = Pair.objects.visible_to(by).select_for_update(of=("self",)).select_related("first", "second", "decided_by")
    return found.get(pk=pair_id)


def _older_first(pair: Pair) -> tuple[Account, Account]:
    older, newer = sorted((pair.first, pair.second), key=lambda account: (account.created_at, account.pk))
    return older, newer
