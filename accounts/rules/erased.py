"""By what somebody who was erased is known again, without keeping it. Pure."""

from __future__ import annotations

import hashlib
import re
from uuid import UUID

import msgspec

from accounts.rules.identity import Ref

# What may be an e-mail address somewhere in a text, also as a part of a link.
_ADDRESS = re.compile(r"[^\s\"'<>()\[\]{}:;,\\]+@[^\s\"'<>()\[\]{}:;,\\/?#&=]+")
_IN_A_LINK = re.compile(r"[/?#&=]")


def email_digest(email: str) -> bytes:
    return hashlib.sha256(f"cx-ops erased e-mail {email.strip().lower()}".encode()).digest()


def key_digest(source_id: UUID, external_id: str) -> bytes:
    """Of a contact as a source calls it."""
    return hashlib.sha256(f"cx-ops erased contact {source_id} {external_id}".encode()).digest()


def account_digest(ref: Ref) -> bytes:
    """Of an account that is a person, by a key of theirs as keys are stored."""
    namespace, kind, value = ref
    return hashlib.sha256(f"cx-ops erased account {namespace or ''} {kind} {value}".encode()).digest()


def addresses_in(payload: bytes) -> set[str]:
    """Everything in a JSON text that may be an e-mail address, in small letters; more than there are, rather."""
    if b"@" not in payload and b"%40" not in payload and b"\\u" not in payload:
        return set()
    text = payload.decode(errors="replace")
    if "\\u" in text:  # signs written as numbers
        text = msgspec.json.encode(msgspec.json.decode(payload)).decode()
    found = set[str]()
    for address in _ADDRESS.findall(text.lower().replace("%40", "@")):
        name, _at, domain = address.rpartition("@")
        domain = domain.rstrip(".!")
        found |= {f"{name}@{domain}", f"{_IN_A_LINK.split(name)[-1]}@{domain}"}
    return found
