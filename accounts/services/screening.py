"""What names somebody who was erased is not taken again, of whatever kind it is and wherever in it they stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from accounts.queries.privacy import anybody_erased, erased_among
from accounts.rules.erased import addresses_in, email_digest, key_digest
from intake.rules import ERASED, Arrival, Kind, Problem


def stop_erased(kind: Kind, items: Sequence[Any], raw: Sequence[bytes], arrival: Arrival) -> dict[int, Problem]:
    """Items with the address of somebody who was erased, or with what their source called them by."""
    if not items or not anybody_erased():
        return {}
    marks = [_marks(kind, item, payload, arrival) for item, payload in zip(items, raw, strict=True)]
    known = erased_among({mark for each in marks for mark in each})
    text = _("It names a person who was erased on their wish, and is not taken. Remove them from the source.")
    return {at: Problem("", ERASED, text) for at, each in enumerate(marks) if known & each}


def _marks(kind: Kind, item: Any, payload: bytes, arrival: Arrival) -> set[bytes]:
    named = {str(name) for name in kind.people(item) if name}
    return {email_digest(address) for address in addresses_in(payload)} | {
        key_digest(arrival.source_id, name) for name in named
    }
