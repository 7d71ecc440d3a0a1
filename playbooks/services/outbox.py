"""The outbox: e-mails leave once, whatever crashes or is retried.

An effect is claimed in a transaction of its own (attempt counted, token, lease), then sent and marked in another that
must still hold the token. Its Message-ID is its key. With the mailbox backend the message is a row with a unique
Message-ID, so the effect happens exactly once. An SMTP server cannot take part in a transaction: a crash between its
"250 OK" and our commit sends the same message again, with the same Message-ID, which mail programs fold into one.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from smtplib import SMTPException
from uuid import UUID, uuid4

from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.enums import Refusal
from accounts.queries.privacy import refusal_for_address
from core.bulk import execute, fetch_all
from core.services import raise_alert, record_act
from decisions.queries.policies import switches_thrown
from playbooks.enums import EffectStatus
from playbooks.models import Effect
from playbooks.services.starting import switch_for

log = logging.getLogger(__name__)
BATCH = 50
MAX_ATTEMPTS = 5
LEASE_SECONDS = 120
BACK_OFF_SECONDS = 30

CLAIM = """
UPDATE playbooks_effect SET attempts = attempts + 1, token = %s,
    leased_until = clock_timestamp() + make_interval(secs => %s)
WHERE id IN (
    SELECT id FROM playbooks_effect
    WHERE status = 'due' AND not_before <= %s AND (leased_until IS NULL OR leased_until < clock_timestamp())
    ORDER BY not_before, id LIMIT %s FOR UPDATE SKIP LOCKED)
RETURNING id
"""


def send_effects(now: datetime) -> int:
    """Send what is due at `now`; how many were tried. What fails waits longer each time, and is given up after five."""
    tried = 0
    while claimed := _claim(now):
        token, ids = claimed
        for id in ids:
            _send(id, token, now)
        tried += len(ids)
    return tried


def record_effects(now: datetime) -> int:
    """Mark what would be due at `now` as recorded: a replayed day sends nothing. How many."""
    return execute("UPDATE playbooks_effect SET status = 'recorded' WHERE status = 'due' AND not_before <= %s", [now])


def message_id(effect: Effect) -> str:
    """The same for every attempt to send `effect`."""
    return f"<{effect.key}@effects.cx-ops.invalid>"


def _claim(now: datetime) -> tuple[UUID, list[UUID]] | None:
    token = uuid4()
    with transaction.atomic():
        ids = [id for (id,) in fetch_all(CLAIM, [token, LEASE_SECONDS, now, BATCH])]
    return (token, ids) if ids else None


def _send(id: UUID, token: UUID, now: datetime) -> None:
    """Send one effect and mark it, if the token is still ours and no switch is thrown."""
    try:
        with transaction.atomic():
            thrown = switches_thrown()
            effect = _held(id, token)
            if effect is None:
                return
            if effect.attempts > MAX_ATTEMPTS:
                _give_up(effect, now)
            elif switch := _switched_off(effect, thrown):
                _cancel(effect, f"switched off: {switch}", now)
            elif refusal := _unwanted(effect, now):
                _cancel(effect, f"not wanted: {refusal.value}", now)
            else:
                _deliver(effect, now)
    except (SMTPException, OSError, ValueError) as error:
        log.warning("effect %s was not sent: %s", id, type(error).__name__)
        _failed(id, token, error, now)


def _held(id: UUID, token: UUID) -> Effect | None:
    return (
        Effect.objects.select_for_update(of=("self",))
        .select_related("run_step__run__item", "run_step__run__version", "run_step__run__insight__source")
        .filter(pk=id, token=token, status=EffectStatus.DUE)
        .first()
    )


def _switched_off(effect: Effect, thrown: tuple[str, ...]) -> str:
    """The switch that holds back what an automated run wrote, or ""."""
    run = effect.run_step.run if effect.run_step else None
    if run is None or not run.automated:
        return ""
    return switch_for(run.item.type_id, run.version.playbook_id, run.insight.source.slug, thrown)


def _deliver(effect: Effect, now: datetime) -> None:
    message = EmailMultiAlternatives(
        subject=effect.subject,
        body=effect.body,
        to=[effect.address],
        headers={"Message-ID": message_id(effect), "Auto-Submitted": "auto-generated"},
    )
    if effect.html:
        message.attach_alternative(effect.html, "text/html")
    message.send()
    effect.status, effect.sent_at, effect.last_error = EffectStatus.SENT, now, ""
    effect.token = effect.leased_until = None
    effect.save(update_fields=["status", "sent_at", "last_error", "token", "leased_until"])
    record_act("sent", effect, actor="outbox", now=now, why=effect.subject)


def _unwanted(effect: Effect, now: datetime) -> Refusal | None:
    """Why this may not go to somebody at a customer; every automated send passes here. Colleagues are fine."""
    return None if effect.to_id else refusal_for_address(effect.address, now)


def _cancel(effect: Effect, why: str, now: datetime) -> None:
    effect.status, effect.last_error = EffectStatus.CANCELLED, why
    effect.save(update_fields=["status", "last_error"])
    record_act("cancelled", effect, actor="outbox", now=now, why=effect.last_error)


def _failed(id: UUID, token: UUID, error: Exception, now: datetime) -> None:
    with transaction.atomic():
        effect = _held(id, token)
        if effect is None:
            return
        effect.last_error = f"{type(error).__name__}: {error}"[:2000]
        effect.not_before = now + timedelta(seconds=BACK_OFF_SECONDS * 2**effect.attempts)
        effect.token = effect.leased_until = None
        effect.save(update_fields=["last_error", "not_before", "token", "leased_until"])
        if effect.attempts >= MAX_ATTEMPTS:
            _give_up(effect, now)


def _give_up(effect: Effect, now: datetime) -> None:
    effect.status = EffectStatus.DEAD
    effect.save(update_fields=["status"])
    record_act("gave_up", effect, actor="outbox", now=now, why=effect.last_error)
    team = effect.run_step.run.account.team_id if effect.run_step else None
    text = _("An e-mail could not be sent: “%(subject)s”. Check the mail server, then send it again.") % {
        "subject": effect.subject
    }
    raise_alert("mail_dead", text, on_day=now.date(), now=now, team_id=team, data={"effect": str(effect.pk)})


@transaction.atomic
def retry_effect(*, effect_id: UUID, now: datetime) -> Effect:
    """Put an e-mail that was given up back in line, with its attempts counted anew."""
    effect = Effect.objects.select_for_update().get(pk=effect_id, status=EffectStatus.DEAD)
    effect.status, effect.attempts, effect.not_before = EffectStatus.DUE, 0, now
    effect.save(update_fields=["status", "attempts", "not_before"])
    return effect
