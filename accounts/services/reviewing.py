"""Pairs of accounts, or of contacts, that may be one: what a person says of them, singly or by pattern."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.enums import Evidence, Verdict
from accounts.models import Account, Contact, Merge, Pair
from accounts.queries.pairs import name_to_keep, older_first
from accounts.services.contacts import accounts_of, lock_contacts, settle_contacts
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
def ask_about(*, contact_id: UUID, other_id: UUID, by: User, now: datetime) -> Pair:
    """The pair of two contacts of one account, for a person to say whether they are one; it is made if nobody asked.

    Nobody decides on it by asking: a pair that is left open goes when the account's contacts are settled anew.
    Raises `MergeRefused`, `Contact.DoesNotExist`.
    """
    asked = {one.pk: one for one in Contact.objects.visible_to(by).filter(pk__in=(contact_id, other_id))}
    if {contact_id, other_id} != asked.keys() or len(asked) != 2:
        raise Contact.DoesNotExist
    one, other = (asked[id] for id in sorted(asked))
    if one.account_id != other.account_id:
        raise MergeRefused(_("They are contacts of two customers: merge these first, if they are one."))
    lock_contacts([one.account_id])
    one.refresh_from_db()
    other.refresh_from_db()
    if (one.same_as_id or one.pk) == (other.same_as_id or other.pk):
        raise MergeRefused(_("They are one person already."))
    pair, made = Pair.objects.get_or_create(
        first_contact=one, second_contact=other,
        defaults={
            "rule": Evidence.PERSON, "evidence": {"why": _("Somebody asked whether they are one.")}, "pattern": "asked",
            "found_at": now,
        },
    )  # fmt: skip
    if made:
        record_act("asked_about", asked[contact_id], by=by, now=now, data={"other": str(other_id)})
    return pair


@transaction.atomic
def judge_pair(
    *, pair_id: UUID, verdict: Verdict, by: User, now: datetime, why: str = "", despite_two_ids: bool = False,
    name: str = "",
) -> Pair:  # fmt: skip
    """Say that two are one, which merges accounts into the older, or that they are two, which is not asked again.

    name: which of two accounts' names is kept, as `merge_accounts` has it.
    Raises `PairDecided`, `MergeRefused`, `Pair.DoesNotExist`.
    """
    pair = _locked(pair_id, by)
    if pair.decided_by is not None:
        raise PairDecided(_("%(who)s said meanwhile: %(what)s.") % {
            "who": pair.decided_by, "what": Verdict(pair.verdict).label})  # fmt: skip
    one, other = pair.sides
    if verdict == Verdict.SAME and isinstance(one, Account) and isinstance(other, Account):
        survivor, merged = older_first(one, other)
        merge_accounts(
            survivor_id=survivor.pk, merged_id=merged.pk, why=why.strip() or _("Decided on the review screen."), by=by,
            now=now, rule=Evidence(pair.rule), evidence=pair.evidence, despite_two_ids=despite_two_ids,
            name=name,
        )  # fmt: skip
    else:
        Pair.objects.filter(pk=pair.pk).update(verdict=verdict, decided_by=by, decided_at=now)
        verb = "joined" if verdict == Verdict.SAME else "told_apart"
        record_act(verb, one, by=by, now=now, why=why.strip(), data={"pair": str(pair.pk), "other": str(other.pk)})
        _settle(pair, now)
    pair.refresh_from_db()
    return pair


@transaction.atomic
def unjudge_pair(*, pair_id: UUID, by: User, now: datetime) -> Pair:
    """Ask again: a merge is undone, two that were told apart may be one again. Raises as `judge_pair` does."""
    pair = _locked(pair_id, by)
    one, other = pair.sides
    if pair.verdict == Verdict.SAME and isinstance(one, Account):
        both = (one.pk, other.pk)
        merge = Merge.objects.filter(survivor__in=both, merged__in=both, undone_at=None).first()
        if merge is not None:
            undo_merge(merge_id=merge.pk, by=by, now=now, why=_("Taken back on the review screen."))
    Pair.objects.filter(pk=pair.pk).update(verdict=Verdict.OPEN, decided_by=None, decided_at=None)
    record_act("untold", one, by=by, now=now, data={"pair": str(pair.pk), "other": str(other.pk)})
    _settle(pair, now)
    return Pair.objects.with_sides().filter(pk=pair.pk).first() or pair


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
                why, name = _("Decided with others alike."), _name_of(pair)
                done.done.append(judge_pair(pair_id=pair.pk, verdict=verdict, by=by, now=now, why=why, name=name))
        except (MergeRefused, PairDecided, Account.DoesNotExist) as refusal:
            done.refused.append((pair, str(refusal)))
    if preview:
        transaction.set_rollback(True)
    return done


def _name_of(pair: Pair) -> str:
    """What the review shows as chosen for a pair."""
    one, other = pair.sides
    return name_to_keep(one, other) if isinstance(one, Account) and isinstance(other, Account) else ""


def alike(pattern: str, by: User) -> Sequence[Pair]:
    waiting = Pair.objects.visible_to(by).waiting().filter(pattern=pattern)
    return list(waiting.with_sides()[:MOST])


def _locked(pair_id: UUID, by: User) -> Pair:
    """The pair, after the account of two contacts (ADR 0012)."""
    seen = Pair.objects.visible_to(by).filter(pk=pair_id)
    of_contacts = seen.exclude(first_contact=None).values_list("first_contact__account", flat=True).first()
    if of_contacts:
        lock_contacts([of_contacts])
    return seen.with_sides().select_related("decided_by").select_for_update(of=("self",)).get()


def _settle(pair: Pair, now: datetime) -> None:
    """Let the contacts of a pair of them be held together, or not, as it says now."""
    if isinstance(pair.sides[0], Contact):
        settle_contacts(accounts_of([side.pk for side in pair.sides]), now=now)
