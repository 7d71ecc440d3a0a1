"""What people have set up lately: a digest, segments, a hold-out; the alerts they have read, and their mail."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from accounts.rules.segments import AccountFilter
from accounts.services import save_segment
from core.enums import Digest
from core.models import Alert, Mail, User
from core.services import mark_alerts_seen
from decisions.services import begin_hold_out
from playbooks.enums import EffectStatus
from playbooks.models import Effect
from playbooks.services.digests import write_digests
from playbooks.services.outbox import message_id, record_effects

READER = "ana"
DIGEST_DAYS = 5
MAIL_KEPT = timedelta(days=21)
SIGNED_DAYS, HELD_OUT_FOR = 60, timedelta(days=180)
SENDER = "CX Ops <cx-ops@example.com>"
SEGMENTS: tuple[tuple[str, str, AccountFilter], ...] = (
    ("ana", "Term ends within 90 days, at risk", AccountFilter(health="risk", renews_within=90)),
    ("mara", "Enterprise, no touch for 30 days", AccountFilter(tier="enterprise", quiet_for=30)),
    ("noor", "Over 100k a year, at risk", AccountFilter(health="risk", revenue_from=Decimal(100_000))),
)  # fmt: skip


def begin_day(now: datetime) -> None:
    """What is written to Ana at the beginning of her working day; she has just asked for it, or has had it before."""
    User.objects.filter(username=READER).update(digest=Digest.DAILY)
    write_digests(now)


def save_segments(now: datetime) -> None:
    """Filters that people look at every week."""
    for username, name, wanted in SEGMENTS:
        save_segment(name=name, wanted=wanted, by=User.objects.get(username=username), now=now)


def read_alerts(now: datetime) -> None:
    """The leads have read what was raised up to now."""
    mark_alerts_seen(Alert.objects.all(), now=now)


def sign_hold_out(now: datetime) -> None:
    """The leader wants to know what acting on engagement is good for; no story is about that."""
    begin_hold_out(
        by=User.objects.get(username="noor"),
        type="engagement_opportunity",
        human_share=Decimal("0.10"),
        automated_share=Decimal("0.30"),
        ends_at=now + HELD_OUT_FOR,
        why="Do customers use more because we wrote to them, or would they have anyway?",
        now=now,
    )


def keep_mail(now: datetime) -> None:
    """What was written in the last weeks stands in the mailbox, as if it had been sent on its day.

    A day that is replayed sends nothing (`cx_ops.pipeline.tick_all`): here the days are the demonstration's own.
    """
    record_effects(now)
    written = Effect.objects.filter(status=EffectStatus.RECORDED, not_before__gt=now - MAIL_KEPT)
    Mail.objects.bulk_create(
        Mail(
            message_id=message_id(effect),
            sender=SENDER,
            to=[effect.address],
            subject=effect.subject,
            body=effect.body,
            sent_at=effect.not_before,
        )
        for effect in written.order_by("not_before", "id")
    )
