"""Who is believed about which field: tried on the real accounts in a transaction that is undone, then published."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.enums import Matching
from accounts.models import FieldPolicy, MatchingMode
from accounts.rules.projection import Policy, write_policy
from accounts.services.merging import project
from accounts.services.parking import lock_keys
from accounts.services.projecting import batches
from accounts.services.values import Change
from core.models import User
from core.services import record_act
from intake.models import Source, SourceMapping
from intake.rules.mapping import uses_from
from intake.services import find
from intake.services.uploads import owned_columns

SHOWN = 200


class PolicyRefused(Exception):
    """The rules cannot be published; says why."""


@dataclass
class Effect:
    """What rules change: accounts, fields with their number, and some examples with the account's name.

    refused: (what is not taken any more, why and what to do) of every saved mapping that the rules speak against.
    """

    accounts: int = 0
    fields: Counter[str] = field(default_factory=Counter)
    examples: list[tuple[str, Change]] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


@transaction.atomic
def publish_policy(*, policy: Policy, seen: int, why: str, by: User, now: datetime, preview: bool = False) -> Effect:
    """Let these rules hold from now on, and every account show what holds by them.

    seen: the version that the caller started from. preview: the same, undone at its end. Raises `PolicyRefused`.
    """
    if not preview and not why.strip():
        raise PolicyRefused(_("Say what changes and why: it stands in the audit trail."))
    lock_keys()
    newest = FieldPolicy.objects.order_by("-version").first()
    if (newest.version if newest else 0) != seen:
        raise PolicyRefused(_("Somebody published other rules meanwhile. Look at them, then decide."))
    rules = write_policy(policy)
    if newest is not None and newest.rules == rules and not preview:
        raise PolicyRefused(_("Nothing is different from the rules in force."))
    made = FieldPolicy.objects.create(version=seen + 1, rules=rules, why=why.strip(), published_by=by, published_at=now)
    effect = _apply(now)
    effect.refused = _refused_mappings()
    if preview:
        transaction.set_rollback(True)
        return effect
    data = {"accounts": effect.accounts, "fields": dict(effect.fields)}
    record_act("published", made, by=by, now=now, why=why.strip(), data=data)
    return effect


def _apply(now: datetime) -> Effect:
    effect = Effect()
    for ids in batches():
        board = project(ids, now=now)
        effect.accounts += len(board.touched)
        effect.fields.update(change.field for change in board.changes)
        room = SHOWN - len(effect.examples)
        effect.examples += [(board.accounts[change.account_id].name, change) for change in board.changes[:room]]
    return effect


def _refused_mappings() -> list[tuple[str, str]]:
    saved = SourceMapping.objects.filter(source__is_active=True).select_related("source").order_by("source__name")
    title = _("You can publish this, but the next file of %(source)s with %(kind)s would be refused.")
    then = _("Name %(source)s in the rule too, or leave the column out of its file.")
    return [
        (title % names, f"{' '.join(why)} {then % names}")
        for one in saved
        if (why := owned_columns(find(one.kind), one.source, uses_from(one.columns)))
        for names in [{"source": one.source.name, "kind": find(one.kind).label.lower()}]
    ]


@transaction.atomic
def set_matching(*, source: Source, mode: Matching, by: User, now: datetime) -> None:
    """How boldly the new records of a source are matched from now on."""
    held, _made = MatchingMode.objects.get_or_create(source_id=source.pk)
    if held.mode != mode:
        MatchingMode.objects.filter(pk=source.pk).update(mode=mode)
        record_act("matching", source, by=by, now=now, data={"from": held.mode, "to": mode.value})
