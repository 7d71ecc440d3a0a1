"""Contacts of one customer from several sources, and who of them is one person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from accounts.models import Account, Contact
from accounts.services.kinds import ACCOUNTS
from core.bulk import fetch_all
from cx_ops.invariants import broken_invariants
from intake.models import Source
from tests.integration.test_accounts_bulk import send


def make_customer(crm: Source, desk: Source, id: str) -> Account:
    """An account that both sources know under one id."""
    name, domain = f"Acme {id}", f"{id.lower()}.example"
    for source in (crm, desk):
        send(ACCOUNTS, source, {"external_id": id, "name": name, "domain": domain})
    return Account.objects.get(name=name)


def person(id: str, name: str = "Anna Ek", account: str = "ACME", **fields: Any) -> dict[str, Any]:
    return {"external_id": id, "name": name, "account": {"external_id": account}} | fields


def rows() -> list[str]:
    """Every contact, pair and consent whole, as PostgreSQL writes them."""
    tables = ("accounts_contact", "accounts_pair", "accounts_consent")
    return [row for table in tables for (row,) in fetch_all(f"SELECT to_jsonb(x)::text FROM {table} x ORDER BY x.id")]  # noqa: S608 - ours


def people() -> set[frozenset[str]]:
    """The external ids of each person's records."""
    found: dict[UUID, set[str]] = {}
    for contact in Contact.objects.all():
        found.setdefault(contact.same_as_id or contact.pk, set()).add(contact.external_id)
    return {frozenset(ids) for ids in found.values()}


def assert_sound() -> None:
    assert {name: broken for name, broken in broken_invariants().items() if broken} == {}
