"""The versions of a policy as a screen needs them: what is in force, what comes, what is being drafted, what was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from core.models import Act, User
from decisions.enums import PolicyState
from decisions.models.policy import PolicyVersion

P = TypeVar("P", bound=PolicyVersion)
SHOWN = 20


@dataclass(frozen=True)
class Drafting:
    """Who began the draft, and when; empty where no record says so."""

    by: User | None
    at: datetime


@dataclass(frozen=True)
class Versions(Generic[P]):
    """`live` decides now; `coming` is published for later; `past` ended, newest first."""

    live: P
    draft: P | None
    coming: list[P]
    past: list[P]
    drafting: Drafting | None

    @property
    def history(self) -> list[P]:
        return [*self.coming, self.live, *self.past][:SHOWN]

    @property
    def newest(self) -> P:
        """What a draft changes: the version published last."""
        return self.coming[0] if self.coming else self.live


def versions_of(model: type[P], now: datetime) -> Versions[P]:
    """All versions of a policy; there is always one in force."""
    rows = list(model._default_manager.select_related("published_by").order_by("-version"))
    published = [row for row in rows if row.state == PolicyState.PUBLISHED]
    draft = next((row for row in rows if row.state == PolicyState.DRAFT), None)
    published.sort(key=lambda row: (row.active_from is not None, row.active_from), reverse=True)
    coming = [row for row in published if row.active_from is not None and row.active_from > now]
    live, *past = published[len(coming) :]
    return Versions(live, draft, coming, past, _drafting(draft) if draft else None)


def _drafting(draft: PolicyVersion) -> Drafting | None:
    act = (
        Act.objects.filter(verb="drafted", subject_type=type(draft).__name__.lower(), subject_id=str(draft.pk))
        .select_related("by")
        .order_by("-at")
        .first()
    )
    return Drafting(act.by, act.at) if act else None


def told_of(version: int, begins: datetime, now: datetime) -> str:
    """What is said of a version that was just published: whether it holds by now."""
    if begins <= now:
        return _("Version %(version)d is published and in force.") % {"version": version}
    day = formats.date_format(timezone.localtime(begins), "j M Y, H:i")
    return _("Version %(version)d is published for later: in force from %(day)s.") % {"version": version, "day": day}
