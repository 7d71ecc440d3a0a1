"""What names somebody who was erased is not taken again, of whatever kind it is and wherever in it they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.queries.privacy import anybody_erased, erased_among
from accounts.rules.erased import account_digest, addresses_in, email_digest, key_digest
from accounts.rules.identity import normalise_ref
from accounts.rules.records import account_ref
from intake.queries import find_namespaces
from intake.rules import ERASED, Arrival, Kind, Problem


def stop_erased(kind: Kind, items: Sequence[Any], raw: Sequence[bytes], arrival: Arrival) -> dict[int, Problem]:
    """Items with the address of somebody who was erased, or with what their source called them or their account by."""
    if not items or not anybody_erased():
        return {}
    about = [list(kind.about(item)) for item in items]
    spaces = find_namespaces(str(ref.source) for refs in about for ref in refs if isinstance(ref.source, str))
    marks = [
        _marks(kind, item, payload, arrival) | set(_accounts(refs, spaces, arrival))
        for item, payload, refs in zip(items, raw, about, strict=True)
    ]
    known = erased_among({mark for each in marks for mark in each})
    text = _("It names a person who was erased on their wish, and is not taken. Remove them from the source.")
    return {at: Problem("", ERASED, text) for at, each in enumerate(marks) if known & each}


def _marks(kind: Kind, item: Any, payload: bytes, arrival: Arrival) -> set[bytes]:
    named = {str(name) for name in kind.people(item) if name}
    return {email_digest(address) for address in addresses_in(payload)} | {
        key_digest(arrival.source_id, name) for name in named
    }


def _accounts(refs: Sequence[Any], spaces: Mapping[str, UUID], arrival: Arrival) -> Iterator[bytes]:
    for said in refs:
        space = spaces.get(said.source) if isinstance(said.source, str) else arrival.namespace_id
        if (ref := normalise_ref(account_ref(said, space))) is not None:
            yield account_digest(ref)
