"""The messages of Segment's clients and of PostHog's, and what they mean here (INTAKE.md, Events). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from accounts.enums import EventKind, KeyKind
from accounts.rules.events import Heard, corrected_time, email_in
from accounts.rules.identity import is_placeholder, normalise_domain
from accounts.rules.records import AccountItem, AccountRef, ContactItem, check_account, check_contact
from intake.rules import Arrival, Problem

Traits = dict[str, Any]
AnyId = str | int | None
ID_LENGTH = 200
NAME_LENGTH = 200
FIELDS_TAKEN = 50


class Context(Struct, gc=False):
    group_id: AnyId = msgspec.field(name="groupId", default=None)
    traits: Traits | None = None


class Properties(Struct, gc=False):
    """What of an event's properties means something to us; the rest is kept as it came."""

    groups: Traits | None = msgspec.field(name="$groups", default=None)
    group_key: AnyId = msgspec.field(name="$group_key", default=None)
    group_set: Traits | None = msgspec.field(name="$group_set", default=None)
    set: Traits | None = msgspec.field(name="$set", default=None)
    anon_id: AnyId = msgspec.field(name="$anon_distinct_id", default=None)
    screen_name: Any = msgspec.field(name="$screen_name", default=None)
    url: Any = msgspec.field(name="$current_url", default=None)
    distinct_id: AnyId = None
    alias: AnyId = None


class Message(Struct, gc=False):
    """One message. Fields that are not here are kept, and mean nothing."""

    type: str = ""
    event: str | None = None
    name: str | None = None
    category: str | None = None
    user_id: AnyId = msgspec.field(name="userId", default=None)
    anonymous_id: AnyId = msgspec.field(name="anonymousId", default=None)
    distinct_id: AnyId = None
    group_id: AnyId = msgspec.field(name="groupId", default=None)
    previous_id: AnyId = msgspec.field(name="previousId", default=None)
    message_id: AnyId = msgspec.field(name="messageId", default=None)
    uuid: str | None = None
    timestamp: datetime | None = None
    original_timestamp: datetime | None = msgspec.field(name="originalTimestamp", default=None)
    sent_at: datetime | None = msgspec.field(name="sentAt", default=None)
    traits: Traits | None = None
    set: Traits | None = msgspec.field(name="$set", default=None)
    properties: Properties | None = None
    context: Context | None = None


def people_in(message: Message) -> tuple[AnyId, ...]:
    """All ids by which it may call somebody."""
    said = message.properties
    told = (said.distinct_id, said.alias, said.anon_id) if said else ()
    return message.user_id, message.anonymous_id, message.distinct_id, message.previous_id, *told


def groups_in(message: Message) -> list[str]:
    """All ids by which it may call a group, which is an account."""
    said, context = message.properties or NOTHING, message.context or NO_CONTEXT
    groups = (one for one in (said.groups or {}).values() if isinstance(one, str | int))
    return [group for one in (message.group_id, context.group_id, said.group_key, *groups) if (group := _id(one))]


class Said(Struct, frozen=True, gc=False):
    """What a message means: `traits` are those of the person, or of the group where it is about a group."""

    kind: str
    name: str
    user_id: str
    group_id: str
    previous_id: str = ""
    traits: Mapping[str, Any] = {}


EXTERNAL_ID = KeyKind.EXTERNAL_ID.value
_NO_TRAITS: Mapping[str, Any] = {}
# Plain texts: a member of an enumeration costs more to name than a message to read.
TRACK, PAGE, SCREEN, IDENTIFY, GROUP, ALIAS = (kind.value for kind in EventKind)
KINDS = frozenset((TRACK, PAGE, SCREEN, IDENTIFY, GROUP, ALIAS))
NOTHING = Properties()
NO_CONTEXT = Context()
POSTHOG = {
    "$identify": IDENTIFY, "$set": IDENTIFY, "$groupidentify": GROUP, "$create_alias": ALIAS, "$pageview": PAGE,
    "$screen": SCREEN,
}  # fmt: skip


def understand(message: Message) -> Said | Problem:
    """What the message means, or why it cannot be taken, in words for whoever mends it; its times are not looked at."""
    kind = kind_of(message)
    if kind is None:
        return Problem("type", "unknown_type", f"type must be one of: {', '.join(EventKind.values)}.")
    said = read_message(message, kind)
    if said.kind == TRACK and _is_plain(said, message):
        return said
    return next(_problems(said, message), said)


def kind_of(message: Message) -> str | None:
    """What the message says it is; PostHog's say it by the name of the event."""
    if message.type in KINDS:
        return message.type
    if message.type or message.event is None:
        return None
    return POSTHOG.get(message.event, TRACK)


def read_message(message: Message, kind: str) -> Said:
    """What the message of `kind` means."""
    properties, context = message.properties or NOTHING, message.context or NO_CONTEXT
    user = _id(message.user_id) or _id(message.distinct_id) or _id(message.anonymous_id)
    group = _id(message.group_id) or _id(context.group_id) or (_id(_first(properties.groups)))
    if kind == TRACK:
        return Said(kind, (message.event or "").strip(), user, group, "", context.traits or _NO_TRAITS)
    if kind == GROUP:
        if message.event == "$groupidentify":
            return Said(kind, "", "", _id(properties.group_key), "", properties.group_set or _NO_TRAITS)
        return Said(kind, "", user, group, "", message.traits or _NO_TRAITS)
    if kind == ALIAS:
        if message.event == "$create_alias":
            return Said(kind, "", _id(properties.alias), "", _id(properties.distinct_id))
        return Said(kind, "", user, group, _id(message.previous_id))
    previous = (_id(message.anonymous_id) or _id(properties.anon_id)) if kind == IDENTIFY and user else ""
    traits = {**(context.traits or {}), **(properties.set or {}), **(message.set or {}), **(message.traits or {})}
    return Said(kind, _name(message, kind, properties), user, group, "" if previous == user else previous, traits)


def hear_message(message: Message, said: Said, arrival: Arrival) -> Heard:
    """The message as an event; `said` is what it means."""
    said_at = _aware(message.timestamp or message.original_timestamp)
    sent_at = _aware(message.sent_at or arrival.sent_at)
    return Heard(
        key=_key(message),
        kind=said.kind,
        name=said.name,
        user_id=said.user_id,
        email=email_in(said.traits) if said.traits and said.kind != GROUP else "",
        about=(arrival.namespace_id, EXTERNAL_ID, said.group_id) if said.group_id else None,
        at=corrected_time(said_at, sent_at, arrival.received_at or arrival.now),
        said_at=said_at,
        sent_at=sent_at,
    )


def account_of(said: Said, name: str) -> AccountItem:
    """The account that a group is. `name`: what it is called where the message does not say."""
    traits = dict(said.traits)
    own = _text(traits.pop("name", "")) or name
    domain = normalise_domain(_text(traits.pop("domain", "")) or _text(traits.pop("website", "")))
    fields = {key[:50]: value for key, value in traits.items() if key and _is_scalar(value)}
    return AccountItem(
        external_id=said.group_id,
        name=own[:NAME_LENGTH],
        domain=domain or UNSET,
        fields=dict(list(fields.items())[:FIELDS_TAKEN]) or UNSET,
    )


def contact_of(user_id: str, traits: Mapping[str, Any], account: AccountRef) -> ContactItem:
    """The contact that somebody with these traits is."""
    title: str | UnsetType = _text(traits.get("title"))[:120] or UNSET
    email: str | UnsetType = email_in(traits) or UNSET
    phone: str | UnsetType = _text(traits.get("phone"))[:40] or UNSET
    name = name_of(traits) or user_id
    return ContactItem(external_id=user_id, account=account, name=name, email=email, phone=phone, title=title)


def name_of(traits: Mapping[str, Any]) -> str:
    """What somebody is called by their traits; `""` where they do not say."""
    parts = [_text(traits.get(key)) for key in ("firstName", "lastName")]
    return (_text(traits.get("name")) or " ".join(part for part in parts if part) or email_in(traits))[:NAME_LENGTH]


def _is_plain(said: Said, message: Message) -> bool:
    """Whether nothing can be wrong with a track: the quick way past what is mostly so."""
    return (
        0 < len(said.name) <= NAME_LENGTH
        and len(said.user_id) <= ID_LENGTH
        and len(said.group_id) <= ID_LENGTH
        and len(_key(message)) <= ID_LENGTH
        and bool(said.user_id or said.group_id)
    )


def _problems(said: Said, message: Message) -> Iterator[Problem]:
    if said.kind == TRACK and not said.name:
        yield Problem("event", "required", "An event needs a name: set event.")
    if len(said.name) > NAME_LENGTH:
        yield Problem("event", "too_long", f"The name is longer than {NAME_LENGTH} characters.")
    if said.kind == GROUP and not said.group_id:
        yield Problem("groupId", "required", "Which group is it? Set groupId to the account's own id.")
    elif not said.user_id and not said.group_id:
        yield Problem("userId", "required", "Whose is it? Set userId or anonymousId to somebody's own id.")
    if said.kind == ALIAS and not (said.previous_id and said.user_id):
        yield Problem("previousId", "required", "An alias joins two ids: set previousId and userId.")
    for name, value in (("userId", said.user_id), ("groupId", said.group_id), ("previousId", said.previous_id)):
        if len(value) > ID_LENGTH:
            yield Problem(name, "too_long", f"The id is longer than {ID_LENGTH} characters.")
    if len(_key(message)) > ID_LENGTH:
        yield Problem("messageId", "too_long", f"The id is longer than {ID_LENGTH} characters.")
    yield from _of_traits(said)


def _of_traits(said: Said) -> Iterator[Problem]:
    found: tuple[Problem, ...] = ()
    if said.kind == IDENTIFY and said.user_id:
        contact = contact_of(said.user_id, said.traits, AccountRef(external_id="x"))
        found = check_contact(contact, _EPOCH)
    elif said.kind == GROUP and said.group_id:
        found = check_account(account_of(said, said.group_id), _EPOCH)
    for problem in found:
        yield Problem(f"traits.{problem.field}", problem.code, problem.message)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _key(message: Message) -> str:
    return str(message.message_id or message.uuid or "")


def _id(value: AnyId) -> str:
    """An id as text; `""` for none, and for what systems write where they know none."""
    if value is None:
        return ""
    text = str(value).strip()
    return "" if is_placeholder(text) else text


def _name(message: Message, kind: str, properties: Properties) -> str:
    if kind == TRACK:
        return (message.event or "").strip()
    if kind not in (PAGE, SCREEN):
        return ""
    said = message.name or _text(properties.screen_name) or _text(properties.url) or message.category or ""
    return said.strip()[:NAME_LENGTH]


def _first(groups: Traits | None) -> AnyId:
    value = next(iter(groups.values()), None) if groups else None
    return value if isinstance(value, str | int) else None


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _is_scalar(value: object) -> bool:
    return isinstance(value, bool | int | float) or (isinstance(value, str) and 0 < len(value) <= 2000)


def _aware(moment: datetime | None) -> datetime | None:
    """A time without a zone is meant in UTC, which is what the clients write."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
