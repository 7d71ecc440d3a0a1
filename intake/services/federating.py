"""Asking another system about one account: briefly, seldom, and with what it said last to fall back on."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import msgspec
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from core.models import User
from core.outside import OutsideFailed, OutsideRefused, ask_outside, check_url
from core.services import changed_fields, record_act
from core.text import clean_text
from intake.enums import SourceMode
from intake.models import LookedUp, LookUp, Source
from intake.rules.federating import (
    PLACE,
    Field,
    FieldsRefused,
    is_fresh,
    pause_after,
    read_fields,
    url_for,
    values_in,
)

SECONDS = 2
OK, NOT_FOUND = 200, 404
LONGEST_PROBLEM = 300


class LookUpRefused(Exception):
    """The look-up cannot be so; says what to do. `field` is the input that is wrong."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class LookUpTerms:
    """What is settled about a look-up. `header_value`: None keeps the one that is there."""

    url: str
    fields: str
    header_name: str = ""
    header_value: str | None = None
    keep_minutes: int = 10
    is_on: bool = True


@dataclass(frozen=True)
class Asked:
    """What came of one question: values, or a problem."""

    values: dict[str, str | None] | None = None
    problem: str = ""


def save_look_up(*, source: Source, terms: LookUpTerms, by: User, now: datetime) -> LookUp:
    """Settle how a source is asked; what it said before is forgotten. Raises `LookUpRefused`."""
    _check(source, terms)
    wanted = {
        "url": terms.url, "fields": terms.fields, "header_name": terms.header_name, "is_on": terms.is_on,
        "keep_minutes": terms.keep_minutes,
    }  # fmt: skip
    if terms.header_value is not None:
        wanted["header_value"] = terms.header_value
    before = LookUp.objects.filter(source=source).first()
    changed = changed_fields(before, wanted) if before else []
    with transaction.atomic():
        made, is_new = LookUp.objects.update_or_create(
            source=source,
            defaults={"failures": 0, "paused_until": None, **wanted},
            create_defaults={"created_by": by, "created_at": now, **wanted},
        )
        made.answers.all().delete()
        data = {"is_on": terms.is_on, "changed": changed}
        record_act("created" if is_new else "changed", made, by=by, now=now, data=data)
    return made


def look_up_all(wanted: Sequence[tuple[LookUp, str]], now: datetime) -> list[LookedUp]:
    """What each source says about an account by its external id: kept answers while they are fresh, else asked anew.

    All at once, for two seconds; where one fails its last answer stays, with the problem beside it.
    """
    held = {
        (one.look_up_id, one.external_id): one
        for one in LookedUp.objects.filter(look_up__in=[look_up for look_up, _id in wanted],
                                           external_id__in=[id for _look_up, id in wanted])
    }  # fmt: skip
    due = [(look_up, id) for look_up, id in wanted if _is_due(look_up, held.get((look_up.pk, id)), now)]
    if due:
        with ThreadPoolExecutor(len(due), "look_up") as threads:
            asked = list(threads.map(_ask, due))
        for (look_up, id), answer in zip(due, asked, strict=True):
            held[look_up.pk, id] = _keep(look_up, id, answer, now)
    return [held[key] for look_up, id in wanted if (key := (look_up.pk, id)) in held]


def _is_due(look_up: LookUp, held: LookedUp | None, now: datetime) -> bool:
    if look_up.paused_until is not None and look_up.paused_until > now:
        return False
    return held is None or not is_fresh(held.asked_at if held.problem else held.fetched_at, look_up.keep_minutes, now)


def _ask(question: tuple[LookUp, str]) -> Asked:
    """Touches no database: several are asked side by side."""
    look_up, external_id = question
    headers = {"Accept": "application/json"}
    if look_up.header_name:
        headers[look_up.header_name] = look_up.header_value
    try:
        answer = ask_outside("GET", url_for(look_up.url, external_id), headers=headers, seconds=SECONDS)
        if answer.status == NOT_FOUND:
            return Asked(values={})
        if answer.status != OK:
            return Asked(problem=_("It answered %(status)s.") % {"status": answer.status})
        return Asked(values=_clean(values_in(msgspec.json.decode(answer.body), fields_of(look_up))))
    except (OutsideRefused, OutsideFailed) as problem:
        return Asked(problem=str(problem)[:LONGEST_PROBLEM])
    except msgspec.DecodeError:
        return Asked(problem=_("Its answer is not JSON."))


def fields_of(look_up: LookUp) -> list[Field]:
    return read_fields(look_up.fields)


def _clean(values: dict[str, str | None]) -> dict[str, str | None]:
    return {name: clean_text(value) if value else value for name, value in values.items()}


def _keep(look_up: LookUp, external_id: str, asked: Asked, now: datetime) -> LookedUp:
    with transaction.atomic():
        if asked.values is None:
            LookUp.objects.filter(pk=look_up.pk).update(failures=F("failures") + 1)
            pause = pause_after(look_up.failures + 1)
            if pause:
                LookUp.objects.filter(pk=look_up.pk).update(paused_until=now + pause)
            said: dict[str, object] = {"problem": asked.problem}
        else:
            LookUp.objects.filter(pk=look_up.pk).exclude(failures=0).update(failures=0, paused_until=None)
            said = {"problem": "", "values": asked.values, "fetched_at": now}
        kept, _new = LookedUp.objects.update_or_create(
            look_up=look_up, external_id=external_id, defaults={"asked_at": now, **said}
        )
    return kept


def _check(source: Source, terms: LookUpTerms) -> None:
    if source.mode != SourceMode.FEDERATE:
        raise LookUpRefused(_("Set the mode of this source to “%s” first.") % SourceMode.FEDERATE.label)
    if terms.url.count(PLACE) != 1:
        raise LookUpRefused(_("Write {external_id} where the account's id belongs, once."), "url")
    if PLACE in terms.url.partition("://")[2].partition("/")[0]:
        raise LookUpRefused(_("The account's id belongs into the path, not into the name of the host."), "url")
    if bool(terms.header_name) < bool(terms.header_value):
        raise LookUpRefused(_("Give the header's name as well, such as Authorization."), "header_name")
    try:
        check_url(url_for(terms.url, "1"))
        read_fields(terms.fields)
    except OutsideRefused as refused:
        raise LookUpRefused(str(refused), "url") from None
    except FieldsRefused as refused:
        raise LookUpRefused(str(refused), "fields") from None
