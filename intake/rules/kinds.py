"""What a room says about a kind of record it takes, and what is answered about each one. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from uuid import UUID

import msgspec

from intake.enums import Landing, Scope
from intake.rules.sorts import Sort, choices_of, currency_beside, needed_fields, sort_of

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


class Problem(msgspec.Struct, frozen=True, gc=False):
    """Why a record, or one field of it, cannot be taken, and what to do about it."""

    field: str
    code: str
    message: str


class Result(msgspec.Struct, frozen=True, gc=False):
    """What became of one record. `warnings`: what of it was left out, where it was taken all the same."""

    status: Landing
    id: UUID | str | None = None
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Arrival:
    """Where records come from, and when: the same for all records of one call or one chunk of a file.

    `now` is domain time; `namespace_id` is the source whose account ids are used; `actor` goes into the audit.
    `sent_at` is what the sender's clock showed, where it says so; `received_at` when it first came, if not now.
    `records`: the ids of the items' records, in order, where they came before and have waited.
    """

    source_id: UUID
    source_slug: str
    namespace_id: UUID
    now: datetime
    actor: str
    import_id: UUID | None = None
    sent_at: datetime | None = None
    received_at: datetime | None = None
    records: tuple[UUID, ...] = ()


class Apply(Protocol):
    """Takes decoded, checked items in the caller's transaction; one result per item, in order."""

    def __call__(self, items: Sequence[Any], raw: Sequence[bytes], arrival: Arrival) -> list[Result]: ...


class FieldChange(msgspec.Struct, frozen=True):
    """What an import did to one field of one record: `before` is None where there was nothing.

    name: what the record, or the account that it is about, is called by people; `""` where that is not known.
    of: the account of a person, likewise.
    What an undo keeps has the field `""` where the record itself stays: `before` is its name, `after` what hangs on it.
    """

    external_id: str
    field: str
    before: Any = None
    after: Any = None
    name: str = ""
    of: str = ""


class Unheard(msgspec.Struct, frozen=True):
    """Values of a field that nothing had before: how many records get each; and which others have, most first."""

    field: str
    values: dict[str, int]
    known: list[str]


class Told(msgspec.Struct, frozen=True):
    """What an import did, as its room tells it: some changes, records per rule that matched, pairs in doubt."""

    changes: list[FieldChange] = []
    rules: dict[str, int] = {}
    reviews: int = 0
    unheard: list[Unheard] = []


class Undone(msgspec.Struct, frozen=True):
    """What taking an import back did: values put back, rows taken away, and what something later had written.

    more: how much beside `kept` was kept. rows: of how many rows it went through what they did. rest: more is left.
    waits: why it does not go on just now.
    """

    restored: int = 0
    removed: int = 0
    kept: list[FieldChange] = []
    more: int = 0
    rows: int = 0
    rest: bool = False
    waits: str = ""

    @property
    def all_kept(self) -> int:
        return len(self.kept) + self.more


class Undo(Protocol):
    """Takes back some of what an import did, in the caller's transaction; where no person does, `actor` says who.

    What it answers has `rest` where it is to be called again, in another transaction or the same. Raises `UndoRefused`
    while rows of it are on their way.
    """

    def __call__(self, *, import_id: UUID, by: Any, now: datetime, actor: str = "") -> Undone: ...


class Stated(NamedTuple):
    """What a record says, without believing it: of which account, if one is known, and what of it can be compared.

    values: field → [value, since when]. at, slot: as `Held` has them; at None: from when it came. external_id `""`: it
    has none. problems: why it cannot be taken; warnings: what of it is left out.
    """

    external_id: str
    account_id: UUID | None = None
    values: Mapping[str, list[Any]] = {}
    slot: str = ""
    at: datetime | None = None
    is_doubtful: bool = False
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


class State(Protocol):
    """Says what items say, and writes nothing; one a item, in order. `run_id`: whose held records it may look at."""

    def __call__(self, items: Sequence[Any], arrival: Arrival, run_id: UUID) -> list[Stated]: ...


# The code of a row about somebody who was erased: nothing of it is kept.
ERASED = "erased"
UPSERTED = (Landing.CREATED, Landing.UPDATED, Landing.UNCHANGED, Landing.REJECTED)
ABOUT_ACCOUNTS = (Landing.CREATED, Landing.UPDATED, Landing.UNCHANGED, Landing.PARKED, Landing.REJECTED)
BELIEVED = (Landing.ACCEPTED, Landing.DUPLICATE, Landing.PARKED, Landing.REJECTED)


@dataclass(frozen=True)
class Preset:
    """How a well-known system exports a kind: told by some of its columns, never by the whole row.

    signature: groups of names, of each of which the header must have one. columns: its column → the kind's;
    `""` for one that is no field, whatever its name suggests.
    """

    name: str
    signature: tuple[tuple[str, ...], ...]
    columns: Mapping[str, str]

    @cached_property
    def by_key(self) -> dict[str, str]:
        return {key_of(name): column for name, column in self.columns.items()}


def key_of(name: str) -> str:
    """A column's name as names are compared: `Account Name ▲` and `account_name` are one."""
    return re.sub(r"[^a-z0-9]+", "", name.lower())


def _about(item: Any) -> tuple[Any, ...]:
    return (item.account,) if item.account else ()


@dataclass(frozen=True)
class Kind:
    """A kind of record: registered by the composition root, so that intake never names what is above it.

    struct: msgspec struct of one item, which refuses unknown fields.
    apply: lands and applies items; `raw` is each item's JSON as it arrived.
    check: what the struct cannot say (an empty tuple: nothing wrong).
    columns: for files: CSV column → field of the item, dotted for a nested one (`account.external_id`).
    statuses: what can become of a record.
    scope: what a token needs to send it.
    called: how people call it, where its name does not say it.
    required: columns without which a file is not taken.
    either: groups of columns of each of which a row needs one, where its struct does not say so.
    choices: fields whose values are a list that people keep → how they are called, by value; asked when it is needed.
    meanings: field → what other systems call its values (as names are compared) → the value it mostly is.
    readers: fields whose cells are more than a value of one sort: what reads them, or raises `Unreadable`.
    defaults: values for fields that a file does not have, by dotted field.
    names: further names that a column goes by in files.
    doubts: names of files that may be a column and mostly are not: never taken for it, but asked about.
    presets: how well-known systems export it.
    extra: the field that takes columns we have no field for, by name (`fields`); `""`: there is none.
    one_of: an object of the item → its fields of which a row keeps the first that it has.
    logins: fields that name one of us by user name or e-mail, and nobody by what they are called.
    stand_ins: a needed column → the one that a person is shown in its place where a file has only that.
    tell: what an import did so far (its id, at most so many changes); None: it can only be counted.
    undo: takes an import back; None: it cannot be.
    owned: which of these fields a source (its id) may not fill, and whose they are, in words.
    people: what an item calls people at customers by, as its source does.
    about: how an item names the accounts that it is about, as `account` of most kinds does.
    state: says what an item says, for a feed that runs beside another; None: it is counted, not compared.
    came: SQL, payloads as text of what calls brought from %(source)s between %(since)s and %(until)s, one in %(every)s,
        at most %(most)s; `""`: they stand in the landing log under the kind's name.
    said: SQL, (account_id, slot, values) of what the source %(old)s says now, as `Held` keeps it; `""`: not compared.
    key: what a row of a file is known by, where a later row of that name takes the place of an earlier; None: no
        row takes the place of another.
    near: numbers no further apart count as the same.
    """

    name: str
    struct: type[msgspec.Struct]
    apply: Apply
    check: Callable[[Any, datetime], tuple[Problem, ...]] = lambda item, now: ()
    columns: Mapping[str, str] = field(default_factory=dict)
    statuses: tuple[Landing, ...] = UPSERTED
    scope: Scope = Scope.ACCOUNTS_WRITE
    called: _StrOrPromise = ""
    required: tuple[str, ...] = ()
    either: tuple[tuple[str, ...], ...] = ()
    choices: Mapping[str, Callable[[], Mapping[str, str]]] = field(default_factory=dict)
    meanings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    readers: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    doubts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    presets: tuple[Preset, ...] = ()
    extra: str = ""
    one_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    logins: frozenset[str] = frozenset()
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    tell: Callable[[UUID, int], Told] | None = None
    undo: Undo | None = None
    owned: Callable[[UUID, Collection[str]], Mapping[str, str]] = lambda source_id, fields: {}
    people: Callable[[Any], Iterable[object]] = lambda item: ()
    about: Callable[[Any], Iterable[Any]] = _about
    state: State | None = None
    said: str = ""
    came: str = ""
    key: Callable[[bytes], str] | None = None
    near: float = 0

    @property
    def label(self) -> str:
        words = str(self.called) or self.name.replace("_", " ")
        return words[:1].upper() + words[1:]

    @property
    def header(self) -> list[str]:
        """The columns of a file, one for each field: the first name that it goes by."""
        return list(self.first.values())

    @cached_property
    def first(self) -> dict[str, str]:
        """Field → the column that it is called by wherever a person reads it."""
        found: dict[str, str] = {}
        for column, target in self.columns.items():
            found.setdefault(target, column)
        return found

    @cached_property
    def needed(self) -> list[tuple[str, ...]]:
        """The columns that a file needs, of each group one; without the currency of a sum, which is asked for."""
        told = {currency_beside(self.struct, field) for field in self.first}
        fields = [field for field in needed_fields(self.struct) if field not in told]
        groups = [self._columns_of(field) for field in fields]
        return [group for group in (*groups, *self.either) if group]

    def _columns_of(self, field: str) -> tuple[str, ...]:
        """The columns of which one fills a needed field."""
        parts = [f"{field}.{part}" for part in self.one_of[field]] if field in self.one_of else [field]
        columns = [self.first[part] for part in parts if part in self.first]
        return (*columns, *(other for column, other in self.stand_ins.items() if column in columns))

    @cached_property
    def by_key(self) -> dict[str, str]:
        """Every name that a column goes by, as names are compared, → the column."""
        others = {key_of(other): column for column, names in self.names.items() for other in names}
        return others | {key_of(column): column for column in self.columns}

    def spoken(self, field: str) -> str:
        """A field, or a column of it, as every screen calls it: `arr.amount` is “ARR”, `happened_on` “Ordered on”."""
        column = self.first.get(self.columns.get(field, field), field)
        words = column.removeprefix(f"{self.extra}.").rpartition(".")[2].replace("_", " ").capitalize()
        return re.sub(r"\b(arr|csm)\b", lambda match: match[0].upper(), words, flags=re.IGNORECASE)

    def has_options(self, field: str) -> bool:
        """Whether a field knows a closed list of values."""
        return field in self.choices or sort_of(self.struct, field) is Sort.CHOICE

    def options(self, field: str) -> Mapping[str, str]:
        """The values that a field knows, with how they are called."""
        if field in self.choices:
            return self.choices[field]()
        return {value: value.replace("_", " ").capitalize() for value in choices_of(self.struct, field)}

    def field_of(self, column: str) -> str:
        """The field that a column fills; `""` where there is none."""
        if column in self.columns:
            return self.columns[column]
        is_own = bool(self.extra) and re.fullmatch(rf"{self.extra}\.[a-z0-9_]{{1,50}}", column)
        return column if is_own else ""
