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
    """What holds of a person of whom several sources speak: one refusal refuses, who says nothing does not count."""
    held: dict[Channel, ConsentState] = {}
    for record in said:
        for channel, state in record.items():
            if held.get(channel) is not ConsentState.REFUSED:
                held[channel] = state
    return held
