"""Erasing a person: prepared with a reason and counts, then done whole in one transaction, with a receipt."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
import pgtrigger
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.enums import ErasureStatus
from accounts.models import Account, Contact, ErasedKey, Erasure
from accounts.rules.erased import account_digest, email_digest, key_digest
from core.bulk import execute, fetch_all
from core.models import User
from core.services import record_act
from core.services.scrubbing import scrub_texts
from cx_ops.erasure.kept import find_kept
from cx_ops.erasure.own import blank_own, why_not_yet
from cx_ops.erasure.person import Person, identify, is_colleague
from cx_ops.erasure.place import ERASED_NAME, Place
from cx_ops.erasure.places import PLACES
from intake.enums import ImportStatus
from intake.models import Import

UNDER_WAY = (ImportStatus.DRAFT, ImportStatus.WAITING, ImportStatus.RUNNING, ImportStatus.UNDOING)
HISTORY = """
UPDATE accounts_contactevent SET name = %s, email = '', phone = '', title = '', external_id = 'erased-' || pgh_obj_id
WHERE pgh_obj_id = ANY(%s)
"""
PAIRS = "UPDATE accounts_pairevent SET evidence = '{}' WHERE first_contact_id = ANY(%s) OR second_contact_id = ANY(%s)"
KEYS = "UPDATE accounts_contact SET external_id = 'erased-' || id WHERE id = ANY(%s)"
RECORD_KEYS = "UPDATE intake_record SET external_id = 'erased-' || id WHERE id = ANY(%s) AND (kind = 'contacts' OR %s)"
ANSWERS = "DELETE FROM core_storedresponse WHERE position(%s::bytea IN body) > 0"
# In which rows a person's shared name is left, for somebody to look at, and on which task or account those are.
SHARED = {
    "playbooks_tasknote": "SELECT n.id::text, n.task_id::text FROM playbooks_tasknote n"
    " JOIN playbooks_task t ON t.id = n.task_id WHERE t.account_id = ANY(%s) AND n.text ILIKE %s",
    "accounts_activity": "SELECT id::text, account_id::text FROM accounts_activity WHERE account_id = ANY(%s)"
    " AND (summary ILIKE %s OR body ILIKE %s)",
}


class ErasureRefused(Exception):
    """This cannot be erased now; says what to do first."""


@transaction.atomic
def prepare_erasure(*, subject: Contact | Account, reason: str, by: User, now: datetime) -> Erasure:
    """Put a wish on record with what it will touch; nothing is erased yet. Raises `ErasureRefused`."""
    if not reason.strip():
        raise ErasureRefused(_("Say why: who asked, when, and by which way."))
    type(subject)._default_manager.select_for_update().get(pk=subject.pk)
    person = identify(subject)
    whose = {"account": subject} if isinstance(subject, Account) else {"contact": subject}
    known = Q(account__in=person.own) if person.own else Q(**whose)
    if Erasure.objects.filter(known).exclude(status=ErasureStatus.DROPPED).exists():
        raise ErasureRefused(_("This person's erasure is prepared or done already."))
    _check(person)
    made = Erasure.objects.create(reason=reason.strip(), prepared_by=by, prepared_at=now, **whose)
    made.counts = find_kept(person, person.words(made.pk.hex[-8:])).counts
    made.save(update_fields=["counts"])
    record_act("prepared", made, by=by, now=now, data={"counts": made.counts})
    return made


def _take_out(person: Person, erasure: Erasure, *, by: User, now: datetime) -> list[dict[str, str]]:
    """What stands in columns of its own; the hashes of what was blanked."""
    hashes: list[dict[str, str]] = []
    for place in PLACES:
        _blank(place, person, hashes)
    blank_own(person, by=by, now=now)
    _keep_keys(person, erasure)
    return hashes


@transaction.atomic
def drop_erasure(*, erasure: Erasure, by: User, now: datetime) -> None:
    """Do not do what was prepared; its reason is not kept. One that is done stays."""
    changed = Erasure.objects.filter(pk=erasure.pk, status=ErasureStatus.PREPARED).update(
        status=ErasureStatus.DROPPED, reason=""
    )
    if changed:
        record_act("dropped", erasure, by=by, now=now)


def erase_person(*, erasure: Erasure, by: User, now: datetime) -> Erasure:
    """Erase whom a prepared erasure is about, everywhere, or nothing at all. Raises `ErasureRefused`."""
    with transaction.atomic(), pgtrigger.ignore():
        locked = Erasure.objects.select_for_update().get(pk=erasure.pk)
        if locked.status != ErasureStatus.PREPARED:
            raise ErasureRefused(_("This is done already, or was dropped."))
        execute("SET LOCAL cx_ops.may_rewrite = 'yes'")
        person = identify(locked.subject)
        _check(person)
        words = person.words(locked.pk.hex[-8:])
        kept = find_kept(person, words)
        hashes = _take_out(person, locked, by=by, now=now)
        refused = scrub_texts(words)
        for text in (*(word.text for word in words), *map(str, person.own)):
            execute(ANSWERS, [text.encode()])
        execute("SET LOCAL cx_ops.may_rewrite = ''")
        locked.counts = kept.counts
        locked.hashes, locked.left = hashes, [*list_left(person), *({"table": name} for name in refused)]
        locked.status, locked.done_by, locked.done_at = ErasureStatus.DONE, by, now
        locked.save(update_fields=["counts", "hashes", "left", "status", "done_by", "done_at"])
        record_act("erased", locked, by=by, now=now, data={"counts": locked.counts})
        for path in kept.files:
            path.unlink(missing_ok=True)
    return locked


def _check(person: Person) -> None:
    if is_colleague(person):
        raise ErasureRefused(_("This is the address of a colleague: end their log-in instead."))
    if why := why_not_yet(person) if person.own else "":
        raise ErasureRefused(why)
    if coming := Import.objects.filter(status__in=UNDER_WAY).first():
        words = _("The file %(name)s is still on its way in, and may name them. Import or stop it first.")
        if coming.status == ImportStatus.UNDOING:
            words = _("The file %(name)s is just being undone, and may name them. Wait until that is over.")
        raise ErasureRefused(words % {"name": coming.filename})


def _blank(place: Place, person: Person, hashes: list[dict[str, str]]) -> None:
    rows = place.rows(person)
    ids = list(rows.values_list("pk", flat=True))
    if place.hashed:
        for id, content in rows.values_list("pk", place.hashed):
            digest = hashlib.sha256(msgspec.json.encode(content)).hexdigest()
            hashes.append({"place": place.name, "id": str(id), "sha256": digest})
    if place.name == "records":
        execute(RECORD_KEYS, [ids, bool(person.own)])
    mine = rows.model._default_manager.filter(pk__in=ids)
    if place.blank is None:
        mine.delete()
    else:
        mine.update(**place.blank)


def _keep_keys(person: Person, erasure: Erasure) -> None:
    """By their hashes they are known again; the contacts and their history keep no key."""
    digests = {email_digest(email) for email in person.emails} | {
        key_digest(*key) for key in (*person.keys, *person.user_ids)
    }
    digests |= {account_digest(ref) for ref in person.own_keys}
    ErasedKey.objects.bulk_create(
        [ErasedKey(digest=digest, erasure=erasure) for digest in sorted(digests)], ignore_conflicts=True
    )
    execute(KEYS, [person.contacts])
    execute(HISTORY, [ERASED_NAME, person.contacts])
    execute(PAIRS, [person.contacts, person.contacts])


def list_left(person: Person) -> Iterator[dict[str, Any]]:
    """Texts on their accounts with a name that others bear too: a person has to look whom they mean."""
    for name in person.shared_names:
        for table, query in SHARED.items():
            for id, on in fetch_all(query, [person.accounts, *[f"%{name}%"] * (query.count("%s") - 1)]):
                yield {"table": table, "id": id, "on": on}
