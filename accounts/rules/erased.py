"""By what somebody who was erased is known again, without keeping it. Pure."""

from __future__ import annotations

import hashlib
from uuid import UUID


def email_digest(email: str) -> bytes:
    return hashlib.sha256(f"cx-ops erased e-mail {email.strip().lower()}".encode()).digest()


def key_digest(source_id: UUID, external_id: str) -> bytes:
    """Of a contact as a source calls it."""
    return hashlib.sha256(f"cx-ops erased contact {source_id} {external_id}".encode()).digest()
