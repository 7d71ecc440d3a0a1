"""Webhooks: made, changed, switched, their secrets rotated, their messages sent again."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core.bulk import execute, fetch_all
from core.doorbell import OUTWARD, ring_on_commit
from core.ids import uuid7
from core.models import User
from core.outside import OutsideRefused, check_url
from core.services import changed_fields, record_act
from intake.enums import DeliveryStatus, Happening, SourceMode
from intake.models import Delivery, Source, Webhook
from intake.rules.outward import GIVE_UP, SECRET_BYTES, News, body_of, secret_text

BOTH_LIVE = timedelta(hours=24)

AGAIN = """
UPDATE intake_delivery SET status = 'due', attempts = 0, due_at = clock_timestamp(), ended_at = NULL,
    give_up_at = clock_timestamp() + %s, token = NULL, leased_until = NULL
WHERE id = ANY(%s) AND (leased_until IS NULL OR leased_until < clock_timestamp())
"""


class WebhookRefused(Exception):
    """The webhook cannot be so; says what to do. `field` is the input that is wrong."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


def create_webhook(
    *, source: Source, url: str, happenings: Sequence[Happening], by: User, now: datetime
) -> tuple[Webhook, str]:
    """A new webhook, and its secret, which can be shown only this once. Raises `WebhookRefused`."""
    _check(source, url)
    secret = _new_secret()
    with transaction.atomic():
        hook = Webhook.objects.create(
            source=source, url=url, happenings=sorted(happenings), secret=secret, created_by=by, created_at=now
        )
        record_act("created", hook, by=by, now=now, data={"source": source.slug, "happenings": sorted(happenings)})
    return hook, secret


def change_webhook(*, hook: Webhook, url: str, happenings: Sequence[Happening], by: User, now: datetime) -> None:
    """Another address, or other happenings. Raises `WebhookRefused`."""
    _check(hook.source, url)
    wanted = {"url": url, "happenings": sorted(happenings)}
    changed = changed_fields(hook, wanted)
    with transaction.atomic():
        Webhook.objects.filter(pk=hook.pk).update(**wanted, failures=0, resting_until=None)
        record_act("changed", hook, by=by, now=now, data={"happenings": wanted["happenings"], "changed": changed})


def switch_webhook(*, hook: Webhook, on: bool, by: User, now: datetime, why: str = "") -> None:
    """Send from now on, or send nothing more: what is on its way waits. What it already is changes nothing."""
    with transaction.atomic():
        changed = Webhook.objects.filter(pk=hook.pk, is_on=not on).update(
            is_on=on, off_why="" if on else why[:200], failures=0, resting_until=None
        )
        if changed:
            record_act("switched_on" if on else "switched_off", hook, by=by, now=now, why=why)
            ring_on_commit(OUTWARD)


def rotate_secret(*, hook: Webhook, by: User, now: datetime) -> str:
    """A new secret, shown only this once; for a day messages are signed with the one before as well."""
    secret = _new_secret()
    with transaction.atomic():
        locked = Webhook.objects.select_for_update().get(pk=hook.pk)
        locked.old_secret, locked.old_secret_until, locked.secret = locked.secret, now + BOTH_LIVE, secret
        locked.save(update_fields=["secret", "old_secret", "old_secret_until"])
        record_act("rotated", hook, by=by, now=now)
    return secret


def send_test(*, hook: Webhook, by: User, now: datetime) -> Delivery:
    """Put a message on its way that says nothing but that it is a test; it goes out also while the webhook is off."""
    id = uuid7()
    body = body_of(Happening.TEST, now, News(id, {"id": str(id), "source": hook.source.slug}))
    with transaction.atomic():
        [(clock,)] = fetch_all("SELECT clock_timestamp()")
        made = Delivery.objects.create(id=id, webhook=hook, happening=Happening.TEST, body=body,
                                       give_up_at=clock + GIVE_UP)  # fmt: skip
        _wake(hook)
        record_act("tested", hook, by=by, now=now)
    return made


def replay_delivery(*, delivery: Delivery, by: User, now: datetime) -> bool:
    """Send one message again, under its own id; whether it was not on its way just now."""
    return _replay(delivery.webhook, [delivery.pk], by, now) == 1


def replay_failed(*, hook: Webhook, by: User, now: datetime) -> int:
    """Send everything again that was given up; how many messages."""
    dead = Delivery.objects.filter(webhook=hook, status=DeliveryStatus.DEAD).values_list("pk", flat=True)
    return _replay(hook, list(dead), by, now)


def _replay(hook: Webhook, ids: list[UUID], by: User, now: datetime) -> int:
    with transaction.atomic():
        count = execute(AGAIN, [GIVE_UP, ids])
        if count:
            _wake(hook)
            record_act("replayed", hook, by=by, now=now, data={"messages": count})
    return count


def _wake(hook: Webhook) -> None:
    """A person asks: do not rest first."""
    Webhook.objects.filter(pk=hook.pk).update(failures=0, resting_until=None)
    ring_on_commit(OUTWARD)


def _check(source: Source, url: str) -> None:
    if source.mode != SourceMode.PROPAGATE:
        raise WebhookRefused(_("Set the mode of this source to “%s” first.") % SourceMode.PROPAGATE.label, "source")
    try:
        check_url(url)
    except OutsideRefused as refused:
        raise WebhookRefused(str(refused), "url") from None


def _new_secret() -> str:
    return secret_text(secrets.token_bytes(SECRET_BYTES))
