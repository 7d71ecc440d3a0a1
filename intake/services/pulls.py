"""Pulls: an address that is read on a schedule and then goes the way of an upload, with the same mapping."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime, time
from tempfile import SpooledTemporaryFile
from time import monotonic
from typing import IO, Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from core.bulk import fetch_all
from core.doorbell import PULLS, ring_on_commit
from core.models import User
from core.outside import Answer, OutsideFailed, OutsideRefused, ask_outside, check_url
from core.services import changed_fields, raise_alert, record_act
from intake.enums import PullFormat, PullOutcome
from intake.models import Pull, PullRun, Source
from intake.rules.pulling import JsonRefused, csv_of_json, next_due, retry_due
from intake.services.imports import start_import
from intake.services.uploads import ImportRefused

SECONDS = 60
LARGEST_JSON = 32 * 1024 * 1024
IN_MEMORY = 1024 * 1024
BLOCK = 256 * 1024
LEASE_SECONDS = 180
RUNS_KEPT = 200
NOT_MODIFIED, OK = 304, 200

CLAIM = """
UPDATE intake_pull SET leased_until = clock_timestamp() + make_interval(secs => %s) WHERE id = (
    SELECT p.id FROM intake_pull AS p JOIN intake_source AS s ON s.id = p.source_id
    WHERE p.is_on AND s.is_active AND p.due_at <= %s AND (p.leased_until IS NULL OR p.leased_until < clock_timestamp())
    ORDER BY p.due_at LIMIT 1 FOR UPDATE OF p SKIP LOCKED)
RETURNING id
"""


class PullRefused(Exception):
    """The pull cannot be so; says what to do. `field` is the input that is wrong."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class _Failed(Exception):
    """This time came to nothing; says why."""


@dataclass(frozen=True)
class PullTerms:
    """What somebody settles: the address, how it is read, and one of two schedules.

    `header_value`: None keeps the one that is there.
    """

    url: str
    format: PullFormat = PullFormat.CSV
    list_at: str = ""
    every_hours: int | None = None
    at_time: time | None = None
    timezone: str = "UTC"
    header_name: str = ""
    header_value: str | None = None

    def as_fields(self) -> dict[str, Any]:
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        if self.header_value is None:
            del found["header_value"]
        return found


def create_pull(*, source: Source, kind: str, terms: PullTerms, by: User, now: datetime, is_on: bool = True) -> Pull:
    """A new pull, due as soon as it is on. Raises `PullRefused`."""
    _check(terms)
    with transaction.atomic():
        made = Pull.objects.create(
            source=source, kind=kind, created_by=by, created_at=now, due_at=now, is_on=is_on, **terms.as_fields()
        )
        record_act("created", made, by=by, now=now, data={"source": source.slug, "kind": kind})
        ring_on_commit(PULLS)
    return made


def change_pull(*, pull: Pull, terms: PullTerms, is_on: bool, by: User, now: datetime) -> None:
    """Settle it anew; what was read before is forgotten, so that the next time is a whole one. Raises `PullRefused`."""
    _check(terms)
    wanted = terms.as_fields() | {"is_on": is_on}
    changed = changed_fields(pull, wanted)
    with transaction.atomic():
        Pull.objects.filter(pk=pull.pk).update(**wanted, due_at=now, failures=0, etag="", last_modified="", digest="")
        verb = ("switched_on" if is_on else "switched_off") if changed == ["is_on"] else "changed"
        record_act(verb, pull, by=by, now=now, data={"is_on": is_on, "changed": changed})
        ring_on_commit(PULLS)


def run_now(*, pull: Pull, by: User, now: datetime) -> None:
    """Do not wait for the schedule. Raises `PullRefused` while it is off."""
    with transaction.atomic():
        if not Pull.objects.filter(pk=pull.pk, is_on=True, source__is_active=True).update(due_at=now):
            raise PullRefused(_("This scheduled fetch is off. Switch it on first."))
        record_act("run_now", pull, by=by, now=now)
        ring_on_commit(PULLS)


def run_due_pulls(now: datetime, *, seconds: float = 20) -> int:
    """Read what is due at `now`, one after the other, for about `seconds`; how many."""
    ends, done = monotonic() + seconds, 0
    while monotonic() < ends and (claimed := fetch_all(CLAIM, [LEASE_SECONDS, now])):
        _run(claimed[0][0], now)
        done += 1
    return done


def _run(pull_id: UUID, now: datetime) -> None:
    pull = Pull.objects.select_related("source").get(pk=pull_id)
    try:
        run = _read(pull, now)
    except (_Failed, OutsideRefused, OutsideFailed, ImportRefused, JsonRefused) as problem:
        run = PullRun(outcome=PullOutcome.FAILED, message=str(problem)[:2000])
    run.pull, run.at = pull, now
    regular = next_due(every_hours=pull.every_hours, at_time=pull.at_time, zone=pull.timezone, now=now)
    failed = run.outcome == PullOutcome.FAILED
    pull.failures = pull.failures + 1 if failed else 0
    pull.due_at = retry_due(failures=pull.failures, regular=regular, now=now) if failed else regular
    pull.leased_until = None
    with transaction.atomic():
        run.save()
        pull.save(update_fields=["failures", "due_at", "leased_until", "etag", "last_modified", "digest"])
        old = PullRun.objects.filter(pull=pull).values_list("pk", flat=True)[RUNS_KEPT:]
        PullRun.objects.filter(pk__in=list(old)).delete()
        if failed:
            _tell(pull, run, now)


def _read(pull: Pull, now: datetime) -> PullRun:
    """Ask, and start an import where there is something new. What is remembered is set on `pull`, not saved."""
    with SpooledTemporaryFile(IN_MEMORY) as body:
        answer = _ask(pull, body)
        if answer.status == NOT_MODIFIED:
            return PullRun(outcome=PullOutcome.UNCHANGED)
        if answer.status != OK:
            raise _Failed(_("It answered %(status)s.") % {"status": answer.status})
        size = body.tell()
        digest = _digest(body)
        pull.etag = answer.headers.get("etag", "")[:500]
        pull.last_modified = answer.headers.get("last-modified", "")[:100]
        if digest == pull.digest:
            return PullRun(outcome=PullOutcome.UNCHANGED, size=size)
        made = start_import(
            file=_content(pull, body), filename=_filename(pull), kind=pull.kind, source=pull.source, by=None, now=now,
            actor=f"pull {pull.pk}",
        )  # fmt: skip
        pull.digest = digest
        return PullRun(outcome=PullOutcome.IMPORTED, size=size, import_id=made.pk)


def _ask(pull: Pull, body: IO[bytes]) -> Answer:
    headers = {"Accept": "application/json" if pull.format == PullFormat.JSON else "text/csv, */*"}
    if pull.etag:
        headers["If-None-Match"] = pull.etag
    if pull.last_modified:
        headers["If-Modified-Since"] = pull.last_modified
    if pull.header_name:
        headers[pull.header_name] = pull.header_value
    largest = LARGEST_JSON if pull.format == PullFormat.JSON else settings.CX_IMPORT_MAX_BYTES
    return ask_outside("GET", pull.url, headers=headers, seconds=SECONDS, largest=largest, into=body)  # type: ignore[arg-type]


def _digest(body: IO[bytes]) -> str:
    body.seek(0)
    digest = hashlib.sha256()
    while block := body.read(BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _content(pull: Pull, body: IO[bytes]) -> Iterator[bytes]:
    body.seek(0)
    if pull.format == PullFormat.JSON:
        return iter([csv_of_json(body.read(), pull.list_at)])
    return iter(lambda: body.read(BLOCK), b"")


def _filename(pull: Pull) -> str:
    """The last part of the address, for people to know it by."""
    name = urlsplit(pull.url).path.rstrip("/").rpartition("/")[2] or pull.kind
    return f"{name.removesuffix('.json')}.csv" if pull.format == PullFormat.JSON else name


def _tell(pull: Pull, run: PullRun, now: datetime) -> None:
    text = _("The scheduled fetch of %(kind)s from %(source)s failed: %(why)s")
    words = {"kind": pull.kind, "source": pull.source.name, "why": run.message[:300]}
    raise_alert("pull_failed", text % words, on_day=now.date(), now=now, team_id=None, data={"pull": str(pull.pk)})


def _check(terms: PullTerms) -> None:
    if (terms.every_hours is None) == (terms.at_time is None):
        raise PullRefused(_("Give either a number of hours or a time of the day."), "every_hours")
    if terms.list_at and not terms.list_at.startswith("/"):
        raise PullRefused(_("Begin with a slash, such as /data/items."), "list_at")
    if bool(terms.header_name) < bool(terms.header_value):
        raise PullRefused(_("Give the header's name as well, such as Authorization."), "header_name")
    try:
        check_url(terms.url)
    except OutsideRefused as refused:
        raise PullRefused(str(refused), "url") from None
