"""Imported values in the words of a page: what each says, which source said so, and since when."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.utils import formats, timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from accounts.enums import AccountRole
from accounts.models import Account
from accounts.queries.values import Value, account_as_of
from core.models import User
from core.templatetags.cx import humane, money, place_of, words_of

PEOPLE, EXTRA = "people.", "fields."
# The order of a record; what is not named here follows by its label.
ORDER = ("arr", "renews_on", "stage", "tier", "segment", "region", "customer_since", "domain", "name", "parent")
DAYS = ("renews_on", "customer_since")
SLUGS = ("stage", "tier", "segment", "region")


@dataclass(frozen=True)
class ShownValue:
    """A field as it stood. `now`: what it is today, where that is something else."""

    field: str
    label: str
    value: str
    source: str
    observed_at: datetime
    recorded_at: datetime
    now: str = ""


class Origin(NamedTuple):
    """What one source has said since one day."""

    source: str
    since: date
    values: list[ShownValue]


def by_origin(values: Iterable[ShownValue]) -> list[Origin]:
    """The values under whoever says them, and since when; both in the order of a record."""
    found: dict[tuple[str, date], Origin] = {}
    for value in values:
        key = (value.source, timezone.localtime(value.observed_at).date())
        found.setdefault(key, Origin(*key, [])).values.append(value)
    return list(found.values())


def shown_values(
    account_id: UUID,
    now: datetime,
    *,
    at: datetime | None = None,
    known_at: datetime | None = None,
    hidden: Collection[str] = (),
) -> list[ShownValue]:
    """Every imported value as it stands, in the order of a record; those that were cleared are left out.

    `hidden`: fields that the reader may not see (`hidden_fields`).
    `at`: as it stood then, by all we know or by what we knew at `known_at`, each with what it is today.
    """
    today = account_as_of(account_id, now)
    standing = today if at is None else account_as_of(account_id, at, known_at)
    names = names_of((*today.values(), *standing.values()))
    shown = [
        _shown(value, today.get(field), names)
        for field, value in standing.items()
        if _is_said(value) and f"accounts.{field}" not in hidden
    ]
    places = {field: place for place, field in enumerate(ORDER)}
    return sorted(shown, key=lambda value: (places.get(value.field, len(ORDER)), value.label))


def _shown(value: Value, today: Value | None, names: Mapping[str, str]) -> ShownValue:
    text = text_of(value, names)
    current = text_of(today, names) if today is not None and _is_said(today) else _("not known")
    return ShownValue(
        field=value.field,
        label=label_of(value.field),
        value=text,
        source=value.source,
        observed_at=value.observed_at,
        recorded_at=value.recorded_at,
        now="" if current == text else current,
    )


def _is_said(value: Value) -> bool:
    return value.value not in (None, "")


def label_of(field: str) -> str:
    role = field.removeprefix(PEOPLE)
    if role != field and role in AccountRole.values:
        return str(AccountRole(role).label)
    return humane(role.removeprefix(EXTRA))


def text_of(value: Value, names: Mapping[str, str]) -> str:
    """A value as people write it: money with its sign, days, slugs and user names as words."""
    return written(value.field, value.value, names)


def written(field: str, held: Any, names: Mapping[str, str]) -> str:
    if field == "arr" and isinstance(held, dict):
        return money(held.get("amount"), str(held.get("currency", "")))
    if field in DAYS and (day := parse_date(str(held))):
        return formats.date_format(day, "j M Y")
    if field in SLUGS:
        return place_of(str(held)) if field == "region" else words_of(str(held))
    return names.get(str(held), str(held))


def names_of(values: Iterable[Value]) -> dict[str, str]:
    """The names behind user names and ids of accounts; no query where there are none."""
    return names_in((value.field, value.value) for value in values)


def names_in(values: Iterable[tuple[str, Any]]) -> dict[str, str]:
    """The same of pairs of a field and what it holds."""
    values = list(values)
    people = {str(held) for field, held in values if field.startswith(PEOPLE)}
    parents = {str(held) for field, held in values if field == "parent" and held}
    names = {person.username: str(person) for person in User.objects.filter(username__in=people)} if people else {}
    if parents:
        names |= {str(id): name for id, name in Account.objects.filter(id__in=parents).values_list("id", "name")}
    return names


def in_words(changes: Iterable[tuple[str, Any, Any]]) -> list[tuple[str, str, str]]:
    """Of each (field, before, after): its label, and both as people write them; nothing as a dash."""
    changes = list(changes)
    names = names_in((field, value) for field, *both in changes for value in both)
    said = [(field, ["–" if value in (None, "") else written(field, value, names) for value in both])
            for field, *both in changes]  # fmt: skip
    return [(label_of(field), before, after) for field, (before, after) in said]
