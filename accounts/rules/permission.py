"""Whether something may be sent to somebody by itself. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from accounts.enums import Channel, ConsentState, Refusal


@dataclass(frozen=True)
class Permission:
    """What is known of one person: whether they want nothing at all, when they left, and each channel's consent."""

    do_not_contact: bool = False
    left_on: date | None = None
    consents: Mapping[Channel, ConsentState] = field(default_factory=dict)


def why_not(person: Permission, channel: Channel, today: date) -> Refusal | None:
    """Why an automated message may not go to `person` by `channel`; None: it may.

    Nothing goes where nobody was asked: what is not known is a no.
    """
    if person.do_not_contact:
        return Refusal.DO_NOT_CONTACT
    if person.left_on is not None and person.left_on <= today:
        return Refusal.LEFT
    state = person.consents.get(channel)
    if state is None:
        return Refusal.NOT_ASKED
    return Refusal.REFUSED if state is ConsentState.REFUSED else None


def strictest(said: Iterable[Mapping[Channel, ConsentState]]) -> dict[Channel, ConsentState]:
    """What holds of a person of whom several sources speak: one refusal refuses, and all of them have to agree."""
    records = list(said)
    channels = {channel for record in records for channel in record}
    held = {channel: [record.get(channel) for record in records] for channel in Channel if channel in channels}
    refused = {channel for channel, states in held.items() if ConsentState.REFUSED in states}
    agreed = {channel for channel, states in held.items() if set(states) == {ConsentState.GRANTED}}
    return {
        channel: ConsentState.REFUSED if channel in refused else ConsentState.GRANTED
        for channel in held if channel in refused or channel in agreed
    }  # fmt: skip
