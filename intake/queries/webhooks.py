"""Webhooks and their log, as the screens show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Count, Max, Q
from django.utils.translation import gettext as _

from core.models import Act, User
from intake.enums import DeliveryStatus, Happening
from intake.models import Delivery, Webhook

SHOWN = 50
DAYS = 30
TONES = {DeliveryStatus.DUE: "info", DeliveryStatus.SENT: "good", DeliveryStatus.DEAD: "bad"}


@dataclass(frozen=True)
class WebhookLine:
    """A webhook with how its messages fare; `words`, `tone`: in short. `off`: who switched it off, and when."""

    hook: Webhook
    due: int
    dead: int
    last_at: datetime | None
    words: str
    tone: str
    off: Act | None = None

    @property
    def told(self) -> list[str]:
        return [str(Happening(name).label) for name in self.hook.happenings]


def webhook_lines(user: User) -> list[WebhookLine]:
    """All webhooks that `user` may know of, the newest first."""
    hooks = list(_counted(user).order_by("-id"))
    offs = _switched_off([str(hook.pk) for hook in hooks if not hook.is_on])
    return [replace(_line(hook), off=offs.get(str(hook.pk))) for hook in hooks]


def _switched_off(ids: Sequence[str]) -> dict[str, Act]:
    """The act with which each was switched off last."""
    acts = Act.objects.filter(subject_type="webhook", verb="switched_off", subject_id__in=ids).select_related("by")
    return {act.subject_id: act for act in acts.order_by("at", "id")}


def webhook_line(user: User, **which: object) -> WebhookLine:
    """One of them. Raises `Webhook.DoesNotExist`."""
    return _line(_counted(user).get(**which))


def _counted(user: User):  # type: ignore[no-untyped-def]
    return (
        Webhook.objects.visible_to(user)
        .select_related("source", "created_by")
        .annotate(
            due=Count("deliveries", filter=Q(deliveries__status=DeliveryStatus.DUE)),
            dead=Count("deliveries", filter=Q(deliveries__status=DeliveryStatus.DEAD)),
            last_at=Max("deliveries__ended_at", filter=Q(deliveries__status=DeliveryStatus.SENT)),
        )
    )


def _line(hook: Webhook) -> WebhookLine:
    due, dead, last_at = (getattr(hook, name) for name in ("due", "dead", "last_at"))
    if not hook.is_on:
        words, tone = _("Off"), "warn"
    elif hook.failures:
        words, tone = _("Failing"), "bad"
    elif last_at is None:
        words, tone = _("Nothing sent yet"), ""
    else:
        words, tone = _("Works"), "good"
    return WebhookLine(hook, due, dead, last_at, words, tone)


def delivery_log(user: User, hook: Webhook, status: str = "") -> list[Delivery]:
    """The newest messages of a webhook with their tries; `status` keeps those that are so."""
    found = Delivery.objects.visible_to(user).filter(webhook=hook)
    if status:
        found = found.filter(status=status)
    return list(found.prefetch_related("tries")[:SHOWN])
