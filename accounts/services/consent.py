"""What contacts agree to, as sources and colleagues say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction

from accounts.enums import Channel, ConsentState
from accounts.models import Consent, Contact, Prior
from accounts.queries.people import records_of
from accounts.services.contacts import lock_contacts, settle_contacts
from accounts.services.people import source_of
from core.models import User
from core.services import record_act
from intake.rules import FieldChange

Said = Mapping[Channel, ConsentState | None]
Told = list[str]
"""[state, source, when, proof]"""
Changed = dict[UUID, dict[str, list[Told | None]]]
"""Contact → channel → [before, after]"""


def set_consent(*, contact: Contact, said: Said, do_not_contact: bool, proof: str, by: User, now: datetime) -> bool:
    """Note what a person said to `by`, with every record of theirs; None: not asked. Whether anything changed."""
    with transaction.atomic():
        lock_contacts([contact.account_id])
        records = records_of([contact.pk])
        whom = {record.pk: said for record in records}
        changed = remember_consents(whom, source_id=source_of(by).pk, proof=proof, now=now)
        flagged = [record.pk for record in records if record.do_not_contact != do_not_contact]
        if flagged:
            Contact.objects.filter(pk__in=flagged).update(do_not_contact=do_not_contact)
            settle_contacts([contact.account_id], now=now)
        if changed or flagged:
            data = {"do_not_contact": do_not_contact, **{channel.value: state for channel, state in said.items()}}
            record_act("consent", contact, by=by, now=now, data=data)
    return bool(changed or flagged)


def remember_consents(said: Mapping[UUID, Said], *, source_id: UUID, now: datetime, proof: str = "") -> Changed:
    """Keep what several contacts said, in the caller's transaction; what changed, of those who said something new."""
    held = {
        (one.contact_id, one.channel): one
        for one in Consent.objects.filter(contact__in=said).select_for_update().order_by("id")
    }
    put: list[Consent] = []
    gone: list[int] = []
    changed: Changed = {}
    for contact_id, states in said.items():
        for channel, state in states.items():
            known = held.get((contact_id, channel.value))
            if (known.state if known else None) == (state.value if state else None):
                continue
            new = Consent(
                contact_id=contact_id, channel=channel, state=state or "", source_id=source_id, at=now, proof=proof
            )
            changed.setdefault(contact_id, {})[channel.value] = [as_told(known), as_told(new) if state else None]
            if state is None and known is not None:
                gone.append(known.pk)
            elif state is not None:
                put.append(new)
    Consent.objects.filter(pk__in=gone).delete()
    _put(put)
    return changed


def as_told(consent: Consent | None) -> Told | None:
    """A consent as JSON has it: the state, who told us, when, and the proof; None: not asked."""
    if consent is None:
        return None
    return [consent.state, str(consent.source_id), consent.at.astimezone(UTC).isoformat(), consent.proof]


def put_back_consents(priors: Sequence[Prior]) -> tuple[int, list[FieldChange]]:
    """Let contacts have said what they had before a file, but for what something later wrote; how many, and that."""
    about = Consent.objects.filter(contact__in=[prior.row_id for prior in priors]).order_by("id")
    held = {(one.contact_id, one.channel): one for one in about.select_for_update()}
    now: dict[tuple[UUID, str], Consent | None] = {**held}
    kept: list[FieldChange] = []
    for prior in priors:
        for channel, (before, after) in prior.fields.items():
            key, known = (prior.row_id, channel), now.get((prior.row_id, channel))
            if as_told(known) == after:
                now[key] = _as_before(key, before)
            else:
                state = known.state if known else None
                kept.append(FieldChange(prior.external_id, f"consent_{channel}", after and after[0], state))
    changed = {key: one for key, one in now.items() if as_told(one) != as_told(held.get(key))}
    gone = [held[key].pk for key, one in changed.items() if one is None]
    Consent.objects.filter(pk__in=gone).delete()
    _put([one for one in changed.values() if one is not None])
    return len(changed), kept


def _as_before(key: tuple[UUID, str], told: Told | None) -> Consent | None:
    if told is None:
        return None
    state, source, at, proof = told
    return Consent(
        contact_id=key[0], channel=key[1], state=state, source_id=UUID(source), at=datetime.fromisoformat(at),
        proof=proof,
    )  # fmt: skip


def _put(rows: Sequence[Consent]) -> None:
    Consent.objects.bulk_create(
        rows, batch_size=2000, update_conflicts=True, unique_fields=["contact", "channel"],
        update_fields=["state", "source_id", "at", "proof"],
    )  # fmt: skip
