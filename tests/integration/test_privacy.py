"""Who may see a field, and whether it may leave."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Account, FieldValue
from core.enums import Role
from core.models import Act
from intake.enums import PrivacyClass
from intake.models import FieldPrivacy
from intake.queries.privacy import hidden_fields, kept_fields, may_leave, without
from tests.conftest import ApiClient
from tests.factories import NOW, make_contact, make_token, make_user
from tests.floor import Floor, signed_in

pytestmark = pytest.mark.django_db
EMAIL = "contacts.email"


def restrict(field: str = EMAIL, *roles: str) -> None:
    FieldPrivacy.objects.create(
        field=field, privacy=PrivacyClass.RESTRICTED, roles=roles or (Role.MANAGER,), may_leave=False
    )


def test_a_field_nobody_classed_is_seen_and_may_leave() -> None:
    assert EMAIL not in hidden_fields(make_user())
    assert may_leave(EMAIL)


def test_a_restricted_field_is_for_its_roles_and_stays() -> None:
    restrict(EMAIL, Role.MANAGER, Role.OPS)
    seen = {role for role in ("csm", "manager", "leader", "ops") if EMAIL not in hidden_fields(make_user(role=role))}
    assert seen == {"manager", "ops"}
    assert EMAIL not in hidden_fields(make_user(is_superuser=True))
    assert not may_leave(EMAIL)
    assert hidden_fields(make_user(role="csm")) == kept_fields() == {EMAIL}


def test_an_internal_field_may_be_kept_from_leaving() -> None:
    FieldPrivacy.objects.create(field=EMAIL, privacy=PrivacyClass.INTERNAL, may_leave=False)
    assert EMAIL not in hidden_fields(make_user())
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


# ── Where it is kept ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_restricted_value_is_on_no_page_of_others(floor: Floor) -> None:
    account = floor.account
    FieldValue.objects.create(
        account=account, field="fields.margin", value="31 points", source_id=floor.source.pk, observed_at=NOW
    )
    contact = make_contact(account, "Dee Example", title="Head of Secrets", sentiment=-2, influence=5)
    signed = {user: signed_in(user) for user in (floor.ana, floor.lead)}
    for client in signed.values():
        page = client.get(f"/accounts/{account.pk}/").content.decode()
        assert "31 points" in page
        assert "Head of Secrets" in page
    for field in ("accounts.fields.margin", "contacts.title", "contacts.sentiment"):
        restrict(field, Role.MANAGER)
    for path in (f"/accounts/{account.pk}/", f"/accounts/{account.pk}/?as_of=2026-03-02"):
        page = signed[floor.ana].get(path).content.decode()
        assert "31 points" not in page
        assert "Head of Secrets" not in page
        assert "Unhappy</span>" not in page
        assert contact.name in page
    assert "31 points" in signed[floor.lead].get(f"/accounts/{account.pk}/").content.decode()


def test_the_api_gives_a_person_what_they_may_see_and_a_token_what_may_leave(floor: Floor) -> None:
    account = floor.account
    Account.objects.filter(pk=account.pk).update(fields={"margin": "31", "seats": 4}, domain="acme.example.com")
    FieldValue.objects.create(
        account=account, field="fields.margin", value="31", source_id=floor.source.pk, observed_at=NOW
    )
    restrict("accounts.fields.margin", Role.MANAGER)
    FieldPrivacy.objects.create(field="accounts.arr", privacy=PrivacyClass.INTERNAL, may_leave=False)
    path = f"/api/v1/accounts/{account.pk}"
    by_token = ApiClient(make_token(floor.source)[1]).read(path).json()
    assert (by_token["fields"], by_token["arr"], by_token["values"]) == ({"seats": 4}, None, [])
    assert by_token["domain"] == "acme.example.com"
    of_ana, of_lead = (signed_in(user).get(path).json() for user in (floor.ana, floor.lead))
    assert of_ana["fields"] == {"seats": 4}
    assert of_lead["fields"] == {"margin": "31", "seats": 4}
    assert of_ana["arr"] is not None
    [listed] = ApiClient(make_token(floor.source)[1]).read("/api/v1/accounts").json()["results"]
    assert (listed["fields"], listed["arr"]) == ({"seats": 4}, None)


@pytest.mark.parametrize("path", ["/portfolio/", "/renewals/", "/segments/", "/team/", "/team/work/", "/queue/"])
def test_what_may_not_leave_is_in_no_exported_list(floor: Floor, path: str) -> None:
    client = signed_in(floor.lead)

    def heading() -> str:
        return next(iter(client.get(path, {"format": "csv"}).streaming_content)).decode()  # type: ignore[attr-defined]

    assert "Revenue" in heading()
    FieldPrivacy.objects.create(field="accounts.arr", privacy=PrivacyClass.INTERNAL, may_leave=False)
    assert "Revenue" not in heading()


def test_fields_are_classed_on_a_screen(floor: Floor) -> None:
    client = signed_in(floor.lead)
    sent = {"field": "contacts.sentiment", "privacy": "restricted", "roles": ["manager", "ops"], "may_leave": "on"}
    assert client.post("/privacy/fields/class/", sent).status_code == 302
    row = FieldPrivacy.objects.get()
    assert (row.privacy, row.roles, row.may_leave) == ("restricted", ["manager", "ops"], False)
    assert "Restricted" in client.get("/privacy/fields/").content.decode()
    assert Act.objects.get(verb="classed").data["is"]["roles"] == ["manager", "ops"]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"field": "contacts.sentiment", "privacy": "restricted"}, "at least one role"),
        ({"field": "accounts.arr", "privacy": "restricted", "roles": "csm"}, "choose one of the list"),
        ({"field": "contacts.sentiment", "privacy": "secret"}, "choose one of the list"),
        ({"field": "contacts.nothing", "privacy": "public"}, "no such field"),
    ],
)
def test_what_cannot_be_classed_so_stays(floor: Floor, sent: dict[str, str], said: str) -> None:
    page = signed_in(floor.lead).post("/privacy/fields/class/", sent, follow=True).content.decode()
    assert said in page
    assert not FieldPrivacy.objects.exists()
