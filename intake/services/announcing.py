"""What happens in the rooms above, told to those who subscribed: a plain call down, in the transaction of the change.

`announce` leaves one row a batch, and none where nobody subscribed. Later, outside of that transaction, `spread` asks
the room above what may be said about each of the rows, and makes the messages.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core.bulk import AnyId, execute, fetch_all
from core.ids import uuid7
from core.services import raise_alert
from intake.enums import Happening
from intake.models import Announcement, Delivery, Webhook
from intake.rules.outward import GIVE_UP, News, body_of

log = logging.getLogger(__name__)
TRIES = 5
AT_ONCE = 20
Teller = Callable[[Sequence[UUID], datetime], Sequence[News]]
_tellers: dict[Happening, Teller] = {}

HEARD = """
SELECT said.happening FROM unnest(%s::text[]) AS said (happening)
WHERE EXISTS (SELECT FROM intake_webhook AS w WHERE w.is_on AND said.happening = ANY(w.happenings))
"""
ANNOUNCE = """
INSERT INTO intake_announcement (happening, ids, origin_id, at, failures)
SELECT said.happening, %(ids)s::uuid[], %(origin)s, %(now)s, 0
FROM unnest(%(happenings)s::text[]) AS said (happening)
"""


def register_teller(happening: Happening, teller: Teller) -> None:
    """Say who can tell what may leave about rows to which `happening` happened."""
    _tellers[happening] = teller


def announce(ids: Collection[AnyId], *happenings: Happening, now: datetime, origin: AnyId | None = None) -> None:
    """Leave word that this happened to the rows with `ids`, in the caller's transaction; free where nobody listens.

    `origin` is the source whose own write it was: it is not told.
    """
    # Whether somebody listens is asked first: thousands of ids that nobody wants to hear would be sent for nothing.
    if ids and (heard := [happening for (happening,) in fetch_all(HEARD, [list(happenings)])]):
        names = {"happenings": heard, "ids": list(ids), "origin": origin, "now": now}
        execute(ANNOUNCE, names)


def spread_announcements(now: datetime) -> int:
    """Turn what was announced into messages, oldest first; how many announcements."""
    spread = 0
    while found := fetch_all(
        "SELECT id FROM intake_announcement WHERE failures < %s ORDER BY id LIMIT %s", [TRIES, AT_ONCE]
    ):
        done = sum(_spread(id, now) for (id,) in found)
        spread += done
        if not done:
            break
    return spread


def _spread(id: int, now: datetime) -> bool:
    try:
        with transaction.atomic():
            said = Announcement.objects.select_for_update(skip_locked=True).filter(id=id).first()
            if said is None:
                return False
            Delivery.objects.bulk_create(_deliveries(said, now), batch_size=2000)
            said.delete()
    except Exception:
        log.exception("announcement %s could not be told", id)
        _note_failure(id, now)
        return False
    return True


def _deliveries(said: Announcement, now: datetime) -> Iterator[Delivery]:
    happening = Happening(said.happening)
    hooks = [
        hook
        for hook in Webhook.objects.filter(is_on=True, happenings__contains=[happening])
        if hook.source_id != said.origin_id
    ]
    [(clock,)] = fetch_all("SELECT clock_timestamp()")
    for news in _tellers[happening](said.ids, now) if hooks else ():
        body = body_of(happening, said.at, news)
        for hook in hooks:
            if news.origin != hook.source_id:
                yield Delivery(
                    id=uuid7(), webhook=hook, happening=happening, subject_id=news.id, body=body,
                    give_up_at=clock + GIVE_UP,
                )  # fmt: skip


def _note_failure(id: int, now: datetime) -> None:
    failures = fetch_all(
        "UPDATE intake_announcement SET failures = failures + 1 WHERE id = %s RETURNING failures", [id]
    )
    if failures and failures[0][0] >= TRIES:
        text = _("Something that happened could not be told to webhooks. The log says why.")
        raise_alert("announcement_dead", text, on_day=now.date(), now=now, team_id=None, data={"announcement": id})
