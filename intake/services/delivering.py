"""Messages to webhooks: tried until somebody takes them, under an id that stays, with every try in the log.

A message is claimed in a transaction of its own (attempt counted, token, lease), then sent and marked in another that
must still hold the token, with the switches locked meanwhile. A crash after the send sends again under the same
`webhook-id`, by which its reader knows it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import NamedTuple
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.translation import gettext as _

from core.bulk import execute, fetch_all
from core.outside import OutsideFailed, OutsideRefused, ask_outside
from core.services import raise_alert, record_act
from core.text import clean_text
from intake.enums import DeliveryStatus, Happening
from intake.models import Delivery, DeliveryAttempt, Webhook
from intake.rules.outward import asked_wait, rest_after, sign, wait_after

GONE = 410
SIDE_BY_SIDE = 8
EACH = 4
LEASE_SECONDS = 60
HELD_SECONDS = 30
ANSWER_SHOWN = 500
KEPT_DAYS = 30
SWEPT = 5000

# A few of each webhook that is on and not resting, so that a slow one does not hold up the others; of one that is off
# its tests.
CLAIM = """
UPDATE intake_delivery AS d SET attempts = d.attempts + 1, token = %s,
    leased_until = clock_timestamp() + make_interval(secs => %s)
FROM (
    SELECT due.id FROM intake_webhook AS w CROSS JOIN LATERAL (
        SELECT id, due_at FROM intake_delivery WHERE webhook_id = w.id AND status = 'due'
          AND due_at <= clock_timestamp() AND (leased_until IS NULL OR leased_until < clock_timestamp())
          AND (w.is_on OR happening = 'test')
        ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED) AS due
    WHERE w.resting_until IS NULL OR w.resting_until <= clock_timestamp()
    ORDER BY due.due_at LIMIT %s) AS mine
WHERE d.id = mine.id
"""
# Held back by a switch: put back as it was, to be looked at again soon.
PUT_BACK = """
UPDATE intake_delivery SET attempts = attempts - 1, token = NULL, leased_until = NULL,
    due_at = clock_timestamp() + make_interval(secs => %s) WHERE id = ANY(%s)
"""
AGAIN = """
UPDATE intake_delivery SET token = NULL, leased_until = NULL, due_at = clock_timestamp() + %s WHERE id = %s
"""
REST = """
UPDATE intake_webhook SET failures = failures + 1, resting_until = clock_timestamp() + %s WHERE id = %s
"""
FORGET = """
DELETE FROM intake_delivery WHERE id IN (
    SELECT id FROM intake_delivery WHERE status <> 'due' AND created_at < clock_timestamp() - make_interval(days => %s)
    ORDER BY created_at LIMIT %s)
"""

Switches = Callable[[], tuple[str, ...]]


class Letter(NamedTuple):
    """What is sent, made before the threads begin: they touch no database."""

    delivery: Delivery
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What came of one try: a status, or an error."""

    took_ms: int
    status: int | None = None
    answer: str = ""
    error: str = ""
    wait: timedelta = timedelta()

    @property
    def is_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def send_deliveries(now: datetime, *, switches: Switches, seconds: float = 40) -> int:
    """Send what is due, for at most `seconds`; how many were tried.

    `switches` names the kill switches that are thrown and keeps them as they are until the transaction ends.
    """
    ends, tried = monotonic() + seconds, 0
    while monotonic() < ends and (token := _claim()):
        tried += _send(token, now, switches)
    return tried


def forget_deliveries() -> int:
    """Remove the oldest messages that are done with, by the database's clock; how many."""
    return execute(FORGET, [KEPT_DAYS, SWEPT])


def _claim() -> UUID | None:
    token = uuid4()
    with transaction.atomic():
        claimed = execute(CLAIM, [token, LEASE_SECONDS, EACH, SIDE_BY_SIDE])
    return token if claimed else None


def _send(token: UUID, now: datetime, switches: Switches) -> int:
    """Send what is still ours under `token`; what a switch holds back waits."""
    with transaction.atomic():
        thrown = switches()
        mine = Delivery.objects.select_for_update(of=("self",)).select_related("webhook__source")
        held = list(mine.filter(token=token, status=DeliveryStatus.DUE))
        stopped = [one.pk for one in held if _is_stopped(one, thrown)]
        if stopped:
            execute(PUT_BACK, [HELD_SECONDS, stopped])
        letters = [_letter(one, now) for one in held if one.pk not in stopped]
        if letters:
            with ThreadPoolExecutor(len(letters), "webhook") as threads:
                replies = list(threads.map(_post, letters))
            _note(list(zip((letter.delivery for letter in letters), replies, strict=True)), now)
    return len(letters)


def _is_stopped(one: Delivery, thrown: Sequence[str]) -> bool:
    is_off = not one.webhook.is_on and one.happening != Happening.TEST
    return is_off or "all" in thrown or f"source {one.webhook.source.slug}" in thrown


def message_id(delivery_id: UUID) -> str:
    """The same for every attempt to deliver it, and for a replay."""
    return f"msg_{delivery_id.hex}"


def _letter(one: Delivery, now: datetime) -> Letter:
    """The signature's time is the database's clock: the reader refuses one that is minutes off."""
    [(clock,)] = fetch_all("SELECT clock_timestamp()")
    hook, body = one.webhook, one.body.encode()
    live = [hook.secret]
    if hook.old_secret and hook.old_secret_until and hook.old_secret_until > now:
        live.append(hook.old_secret)
    headers = {"Content-Type": "application/json", **sign(live, message_id(one.pk), clock, body)}
    return Letter(one, hook.url, headers, body)


def _post(letter: Letter) -> Reply:
    begun = monotonic()
    try:
        answer = ask_outside("POST", letter.url, headers=letter.headers, body=letter.body)
    except (OutsideRefused, OutsideFailed) as problem:
        return Reply(_since(begun), error=str(problem)[:ANSWER_SHOWN])
    text = clean_text(answer.body[: 4 * ANSWER_SHOWN].decode(errors="replace"))[:ANSWER_SHOWN]
    wait = asked_wait(answer.headers.get("retry-after", ""))
    return Reply(_since(begun), status=answer.status, answer=text, wait=wait)


def _since(begun: float) -> int:
    return round((monotonic() - begun) * 1000)


def _note(results: Sequence[tuple[Delivery, Reply]], now: datetime) -> None:
    """Write down every try, and what follows from it for the message and its webhook."""
    DeliveryAttempt.objects.bulk_create(_tries(results))
    taken = [one for one, reply in results if reply.is_taken]
    Delivery.objects.filter(pk__in=[one.pk for one in taken]).update(
        status=DeliveryStatus.SENT, ended_at=now, token=None, leased_until=None
    )
    well = {one.webhook_id for one in taken}
    Webhook.objects.filter(pk__in=well).exclude(failures=0).update(failures=0, resting_until=None)
    for one, reply in results:
        if not reply.is_taken:
            _fail(one, reply, rests=one.webhook_id not in well, now=now)


def _tries(results: Sequence[tuple[Delivery, Reply]]) -> Iterator[DeliveryAttempt]:
    for one, reply in results:
        yield DeliveryAttempt(
            delivery=one, took_ms=reply.took_ms, status=reply.status, answer=reply.answer, error=reply.error
        )


def _fail(one: Delivery, reply: Reply, *, rests: bool, now: datetime) -> None:
    """Tried again later, unless that is over; a test of a webhook that is off is tried once."""
    hook = one.webhook
    if rests:
        execute(REST, [rest_after(hook.failures + 1), hook.pk])
    wait = wait_after(one.attempts, random.random(), reply.wait)  # noqa: S311 - jitter
    too_late = fetch_all("SELECT clock_timestamp() + %s >= %s", [wait, one.give_up_at])[0][0]
    if reply.status == GONE:
        _switch_off(hook, now)
    if reply.status == GONE or too_late or not hook.is_on:
        _give_up(one, reply, now)
    else:
        execute(AGAIN, [wait, one.pk])


def _give_up(one: Delivery, reply: Reply, now: datetime) -> None:
    Delivery.objects.filter(pk=one.pk).update(status=DeliveryStatus.DEAD, ended_at=now, token=None, leased_until=None)
    why = reply.error or str(reply.status)
    record_act("gave_up", one, actor="webhooks", now=now, why=why, data={"webhook": str(one.webhook_id)})
    if one.webhook.is_on:
        text = _("%(source)s did not take a message for five days. See its log, then send it again.")
        _alert("webhook_dead", text, one.webhook, now)


def _switch_off(hook: Webhook, now: datetime) -> None:
    """Its reader said that it is gone for good (410)."""
    why = _("Its reader answered 410: gone.")
    if Webhook.objects.filter(pk=hook.pk, is_on=True).update(is_on=False, off_why=why):
        record_act("switched_off", hook, actor="webhooks", now=now, why=why)
        _alert("webhook_gone", _("The webhook to %(source)s was switched off: its reader says it is gone."), hook, now)


def _alert(kind: str, text: str, hook: Webhook, now: datetime) -> None:
    data = {"webhook": str(hook.pk)}
    raise_alert(kind, text % {"source": hook.source.name}, on_day=now.date(), now=now, team_id=None, data=data)
