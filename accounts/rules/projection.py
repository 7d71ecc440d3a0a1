"""Which of the things that sources say about a field an account shows. Pure.

A saying is [value, since when (ISO, UTC), id of the saying], as `Link.values` keeps it; a null value asserts that the
field is empty. Without a rule the newest saying holds; about roles, names and forecasts people are believed first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from accounts.enums import NullRule

PEOPLE = "people"
"""In a list of sources: whoever typed it here."""

Values = dict[str, list[Any]]


class FieldRule(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Who is believed about a field: `sources` in order (ids, or `PEOPLE`), then everybody else by the newest.

    max_age_days: a saying of a listed source that is older counts after all that are not. 0: no limit.
    """

    sources: tuple[str, ...] = ()
    nulls: NullRule = NullRule.IGNORE
    max_age_days: int = 0


# Whose word holds where no policy says so: what somebody typed here is not overwritten by a file that comes again.
BY_HAND = FieldRule(sources=(PEOPLE,), nulls=NullRule.CLEAR)
# So it is of these fields, and of all roles.
TYPED = ("name", "forecast")


class Said(NamedTuple):
    """One source's saying about a field."""

    value: Any
    at: str
    id: str
    source: UUID
    by_person: bool

    @property
    def who(self) -> str:
        return PEOPLE if self.by_person else str(self.source)


class Policy:
    """The rules in force, by field; `fields` covers every field of its own that an installation keeps."""

    def __init__(self, rules: Mapping[str, FieldRule]) -> None:
        self.rules = rules

    def published(self, field: str) -> FieldRule | None:
        """The rule of the field, else that of its family: all roles (`people`), all without a column (`fields`)."""
        if not self.rules:
            return None
        return self.rules.get(field) or self.rules.get(field.partition(".")[0])

    def rule(self, field: str) -> FieldRule | None:
        found = self.published(field)
        return found or (BY_HAND if field.startswith("people.") or field in TYPED else None)

    def blank_clears(self, field: str) -> bool:
        rule = self.published(field)
        return rule is not None and rule.nulls == NullRule.CLEAR

    def typed_holds(self, field: str) -> bool:
        """Whether what somebody types here of the field is what its accounts show, whatever comes later."""
        rule = self.rule(field)
        return rule is not None and rule.sources[:1] == (PEOPLE,)

    def outranks_people(self, field: str, source: UUID) -> bool:
        """Whether a published rule believes `source` before what somebody typed here."""
        rule = self.published(field)
        listed = rule.sources if rule else ()
        places = {who: place for place, who in enumerate(listed)}
        return str(source) in places and places[str(source)] < places.get(PEOPLE, len(places))

    def owners(self, field: str, source: UUID) -> tuple[str, ...]:
        """Who may fill the field with a file where `source` may not, the owner first; empty: `source` may.

        A published rule that names a source makes it the owner, and those named after it its fall-backs; nobody else
        fills the field. A rule that names only people leaves every source as it was: what they typed comes first.
        """
        rule = self.published(field)
        listed = rule.sources if rule else ()
        return () if str(source) in listed or not {*listed} - {PEOPLE} else listed

    def ages(self, field: str) -> bool:
        rule = self.published(field)
        return rule is not None and rule.max_age_days > 0


def read_policy(stored: Mapping[str, Any]) -> Policy:
    return Policy({field: msgspec.convert(rule, FieldRule) for field, rule in stored.items()})


def write_policy(policy: Policy) -> dict[str, Any]:
    """As it is kept: what is written equals what is read back."""
    rules: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(dict(sorted(policy.rules.items()))))
    return rules


def choose(sayings: Sequence[Said], rule: FieldRule | None, now: datetime) -> Said | None:
    """The saying that holds: None where nothing that counts was said. Deterministic."""
    if len(sayings) == 1 and (rule is None or rule.nulls == NullRule.CLEAR or sayings[0].value is not None):
        return sayings[0]
    ranked = rank(sayings, rule, now)
    return ranked[0] if ranked else None


def rank(sayings: Iterable[Said], rule: FieldRule | None, now: datetime) -> list[Said]:
    """Sayings that count, the one that holds first."""
    rule = rule or FieldRule(nulls=NullRule.CLEAR)
    counted = [said for said in sayings if said.value is not None or rule.nulls == NullRule.CLEAR]
    newest_first = rule.nulls != NullRule.FILL_ONLY
    counted.sort(key=lambda said: (said.at, said.id, str(said.source)), reverse=newest_first)
    return sorted(counted, key=lambda said: _place(said, rule, now))


def _place(said: Said, rule: FieldRule, now: datetime) -> tuple[int, int]:
    listed = said.who in rule.sources
    place = rule.sources.index(said.who) if listed else len(rule.sources)
    return (1 if listed and is_too_old(said, rule, now) else 0, place)


def is_too_old(said: Said, rule: FieldRule, now: datetime) -> bool:
    limit = rule.max_age_days
    return bool(limit) and datetime.fromisoformat(said.at) < now - timedelta(days=limit)


def take_place(policy: Policy, old: str, new: str) -> Policy:
    """Wherever `old` is believed, `new` is from now on, and `old` right after it: for what only it ever said."""
    return Policy({field: _placed(rule, old, new) for field, rule in policy.rules.items()})


def _placed(rule: FieldRule, old: str, new: str) -> FieldRule:
    if old not in rule.sources:
        return rule
    before, after = rule.sources[: rule.sources.index(old)], rule.sources[rule.sources.index(old) :]
    if new in before:
        return rule
    return msgspec.structs.replace(rule, sources=(*before, new, *(who for who in after if who != new)))


def give_place_back(policy: Policy, new: str, *, before: Policy) -> Policy:
    """Undo `take_place`: `new` stands where it stood in `before`, and all else is as it is now."""
    return Policy({field: _back(rule, new, before.rules.get(field)) for field, rule in policy.rules.items()})


def _back(rule: FieldRule, new: str, before: FieldRule | None) -> FieldRule:
    was = before.sources if before else ()
    if new not in rule.sources:
        return rule
    rest = tuple(who for who in rule.sources if who != new)
    at = min(was.index(new), len(rest)) if new in was else None
    return msgspec.structs.replace(rule, sources=rest if at is None else (*rest[:at], new, *rest[at:]))
