"""Who may see a field, and whether it may leave."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from core.enums import Role
from intake.enums import PrivacyClass
from intake.models import FieldPrivacy
from intake.queries.privacy import hidden_fields, kept_fields, may_leave, may_see, without
from tests.factories import make_user

pytestmark = pytest.mark.django_db
EMAIL = "contacts.email"


def restrict(field: str = EMAIL, *roles: str) -> None:
    FieldPrivacy.objects.create(
        field=field, privacy=PrivacyClass.RESTRICTED, roles=roles or (Role.MANAGER,), may_leave=False
    )


def test_a_field_nobody_classed_is_seen_and_may_leave() -> None:
    assert may_see(EMAIL, make_user())
    assert may_leave(EMAIL)


def test_a_restricted_field_is_for_its_roles_and_stays() -> None:
    restrict(EMAIL, Role.MANAGER, Role.OPS)
    seen = {role for role in ("csm", "manager", "leader", "ops") if may_see(EMAIL, make_user(role=role))}
    assert seen == {"manager", "ops"}
    assert may_see(EMAIL, make_user(is_superuser=True))
    assert not may_leave(EMAIL)
    assert hidden_fields(make_user(role="csm")) == kept_fields() == {EMAIL}


def test_an_internal_field_may_be_kept_from_leaving() -> None:
    FieldPrivacy.objects.create(field=EMAIL, privacy=PrivacyClass.INTERNAL, may_leave=False)
    assert may_see(EMAIL, make_user())
    assert not may_leave(EMAIL)


def test_what_is_hidden_is_left_out() -> None:
    assert without("contacts", {"name": "Cy", "email": "cy@example.com"}, {EMAIL}) == {"name": "Cy"}


@pytest.mark.parametrize(
    ("privacy", "roles", "may_go"),
    [("restricted", ["csm"], True), ("restricted", [], False), ("public", [], False), ("secret", [], False)],
)
def test_the_database_refuses_what_contradicts_itself(privacy: str, roles: list[str], may_go: bool) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        FieldPrivacy.objects.create(field=EMAIL, privacy=privacy, roles=roles, may_leave=may_go)
