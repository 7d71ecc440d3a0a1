"""What contacts agree to, as sources and colleagues say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.enums import Channel, ConsentState
from accounts.models import Consent, Contact
from accounts.services.people import source_of
from core.models import User
from core.services import record_act

Said = Mapping[Channel, ConsentState | None]


def set_consent(*, contact: Contact, said: Said, do_not_contact: bool, proof: str, by: User, now: datetime) -> bool:
    """Note what a contact said to `by`; None: not asked. Whether anything changed."""
    with transaction.atomic():
        locked = Contact.objects.select_for_update().get(pk=contact.pk)
        changed = remember_consents({locked.pk: said}, source_id=source_of(by).pk, proof=proof, now=now)
        flagged = locked.do_not_contact != do_not_contact
        if flagged:
            Contact.objects.filter(pk=locked.pk).update(do_not_contact=do_not_contact)
        if changed or flagged:
            data = {"do_not_contact": do_not_contact, **{channel.value: state for channel, state in said.items()}}
            record_act("consent", locked, by=by, now=now, data=data)
    return bool(changed or flagged)


def remember_consents(said: Mapping[UUID, Said], *, source_id: UUID, now: datetime, proof: str = "") -> set[UUID]:
    """Keep what several contacts said, in the caller's transaction; which of them said something new."""
    held = {
        (one.contact_id, one.channel): one
        for one in Consent.objects.filter(contact__in=said).select_for_update().order_by("id")
    }
    put: list[Consent] = []
    gone: list[int] = []
    changed: set[UUID] = set()
    for contact_id, states in said.items():
        for channel, state in states.items():
            known = held.get((contact_id, channel.value))
            if (known.state if known else None) == (state.value if state else None):
                continue
            changed.add(contact_id)
            if state is None and known is not None:
                gone.append(known.pk)
            elif state is not None:
                put.append(
                    Consent(
                        contact_id=contact_id, channel=channel, state=state, source_id=source_id, at=now, proof=proof
                    )
                )
    Consent.objects.filter(pk__in=gone).delete()
    _put(put)
    return changed


def _put(rows: Sequence[Consent]) -> None:
    Consent.objects.bulk_create(
        rows, batch_size=2000, update_conflicts=True, unique_fields=["contact", "channel"],
        update_fields=["state", "source_id", "at", "proof"],
    )  # fmt: skip
