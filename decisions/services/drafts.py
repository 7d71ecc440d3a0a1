"""Changing a draft: cells of the matrix, sets of bands. Each change counts the draft's `edits` up and is on record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple, TypeVar, cast

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from core.models import User
from core.services import record_act
from decisions.enums import Response
from decisions.models import AuthorityBand, AuthorityPolicy, OwnershipCell, OwnershipPolicy
from decisions.models.policy import PolicyVersion
from decisions.services.policies import (
    PolicyRefused,
    check_draft,
    check_may_publish,
    draft_authority,
    draft_ownership,
)

V = TypeVar("V", OwnershipPolicy, AuthorityPolicy)


@dataclass(frozen=True)
class Seen:
    """What somebody had before their eyes: the draft's version (None: there was none) and its edits."""

    draft: int | None
    edits: int


class CellKey(NamedTuple):
    """Which insights a cell is for; an empty part means "all"."""

    type: str
    tier: str = ""
    region: str = ""
    stage: str = ""
    segment: str = ""


class BandChange(NamedTuple):
    """A band as somebody wants it."""

    lower: Decimal
    response: Response
    playbook: str


def set_cell(*, seen: Seen, key: CellKey, role: str, by: User, now: datetime) -> OwnershipPolicy:
    """Give a cell a role, adding the cell where there is none. Without a draft one is begun."""
    with transaction.atomic():
        draft = _open(OwnershipPolicy, seen, by=by, now=now)
        _, made = OwnershipCell.objects.update_or_create(
            policy=draft, **_columns(key), defaults={"role": role}, create_defaults={"role": role, **_columns(key)}
        )
        _count("cell_added" if made else "cell_changed", draft, by=by, now=now, data={**key._asdict(), "role": role})
    return draft


def remove_cell(*, seen: Seen, key: CellKey, by: User, now: datetime) -> OwnershipPolicy:
    """Take a cell away: its insights go by the next one that fits. The cell for everything stays."""
    if not any(key):
        raise PolicyRefused(_("The cell for all types and all accounts stays, so that no insight falls through."))
    with transaction.atomic():
        draft = _open(OwnershipPolicy, seen, by=by, now=now)
        OwnershipCell.objects.filter(policy=draft, **_columns(key)).delete()
        _count("cell_removed", draft, by=by, now=now, data=key._asdict())
    return draft


def _columns(key: CellKey) -> dict[str, str | None]:
    return {"type_id": key.type or None, **{part: value for part, value in key._asdict().items() if part != "type"}}


def set_bands(
    *, seen: Seen, type: str, tier: str, bands: Sequence[BandChange], by: User, now: datetime
) -> AuthorityPolicy:
    """Replace the set of bands of one type and tier ("" for all), adding the set where there is none."""
    check_bands(bands)
    with transaction.atomic():
        draft = _open(AuthorityPolicy, seen, by=by, now=now)
        AuthorityBand.objects.filter(policy=draft, type_id=type or None, tier=tier).delete()
        AuthorityBand.objects.bulk_create(
            AuthorityBand(policy=draft, type_id=type or None, tier=tier, **band._asdict()) for band in bands
        )
        lowers = {band.response.value: str(band.lower) for band in bands}
        _count("bands_set", draft, by=by, now=now, data={"type": type, "tier": tier, "lowers": lowers})
    return draft


def check_bands(bands: Sequence[BandChange]) -> None:
    """Raises `PolicyRefused` unless the bands cover 0 to 1, each number once, and ask for more as they rise."""
    lowers = sorted(band.lower for band in bands)
    if not lowers or lowers[0] != 0:
        raise PolicyRefused(_("The lowest band must begin at 0, so that no insight falls through."))
    if any(upper <= lower for lower, upper in pairwise(lowers)):
        raise PolicyRefused(_("Two bands begin at the same confidence. Each must begin above the one below it."))
    if lowers[-1] >= 1:
        raise PolicyRefused(_("A band must begin below 1, or it would hold nothing."))
    order = [band.response for band in sorted(bands)]
    if order != sorted(order, key=list(Response).index):
        raise PolicyRefused(
            _(
                "A higher confidence must not ask for less: human action begins above automated workflow, and that "
                "above monitoring."
            )
        )


def remove_bands(*, seen: Seen, type: str, tier: str, by: User, now: datetime) -> AuthorityPolicy:
    """Take a set of bands away: its insights go by the next one that fits. The set for everything stays."""
    if not type and not tier:
        raise PolicyRefused(_("The bands for all types and tiers stay, so that no insight falls through."))
    with transaction.atomic():
        draft = _open(AuthorityPolicy, seen, by=by, now=now)
        AuthorityBand.objects.filter(policy=draft, type_id=type or None, tier=tier).delete()
        _count("bands_removed", draft, by=by, now=now, data={"type": type, "tier": tier})
    return draft


def set_calm(
    *, seen: Seen, margin: Decimal, dwell_hours: int, lower_scores: int, by: User, now: datetime
) -> AuthorityPolicy:
    """Change what it takes to leave a band: the margin below it, the hours in it, the lower scores in a row."""
    with transaction.atomic():
        draft = _open(AuthorityPolicy, seen, by=by, now=now)
        calm = {"margin": margin, "dwell_hours": dwell_hours, "lower_scores": lower_scores}
        AuthorityPolicy.objects.filter(pk=draft.pk).update(**calm)
        _count("calm_set", draft, by=by, now=now, data={name: str(value) for name, value in calm.items()})
    return draft


def discard_draft(policy: PolicyVersion, *, edits: int, by: User, now: datetime) -> None:
    """Throw a draft away with all that was changed in it."""
    check_may_publish(by)
    with transaction.atomic():
        draft = check_draft(type(policy), policy.pk, edits)
        record_act("discarded", draft, by=by, now=now)
        draft.delete()


DRAFTING = {OwnershipPolicy: draft_ownership, AuthorityPolicy: draft_authority}


def _open(model: type[V], seen: Seen, *, by: User, now: datetime) -> V:
    """The draft that `by` had before their eyes, locked; a new one where there was none."""
    check_may_publish(by)
    draft = DRAFTING[model](by=by, now=now) if seen.draft is None else check_draft(model, seen.draft, seen.edits)
    return cast("V", draft)


def _count(verb: str, draft: V, *, by: User, now: datetime, data: Mapping[str, object]) -> None:
    type(draft).objects.filter(pk=draft.pk).update(edits=F("edits") + 1)
    record_act(verb, draft, by=by, now=now, data=data)
