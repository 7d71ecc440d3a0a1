"""The back office by role: what managers and operations find there, and what they cannot get at."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from core.models import User
from cx_ops.rights import BY_ROLE
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def staff(role: str) -> tuple[User, Client]:
    user, client = make_user(f"{role}-staff", role=role, is_staff=True), Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return user, client


def test_every_right_is_one_that_django_knows() -> None:
    rows = Permission.objects.values_list("content_type__app_label", "codename")
    known = {f"{app}.{name}" for app, name in rows}
    for role, names in BY_ROLE.items():
        assert names - known == set(), role


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        ("manager", ["core_absence", "decisions_killswitch", "playbooks_playbook"], ["core_mail", "core_act"]),
        ("ops", ["core_mail", "accounts_fxrate"], []),
        ("leader", [], ["core_user", "core_mail"]),
        ("csm", [], ["core_user", "core_mail"]),
    ],
)
def test_the_back_office_shows_what_a_role_needs(role: str, may: list[str], may_not: list[str]) -> None:
    _user, client = staff(role)
    for name in may:
        assert client.get(reverse(f"admin:{name}_changelist")).status_code == 200, name
    for name in may_not:
        assert client.get(reverse(f"admin:{name}_changelist")).status_code == 403, name


def test_a_role_without_staff_gives_nothing() -> None:
    assert not make_user("lena", role="manager").has_perm("core.change_absence")
    assert not make_user("left", role="manager", is_staff=True, is_active=False).has_perm("core.change_absence")


def test_nobody_becomes_somebody_else() -> None:
    """A manager sets a cap, but gives no role, sets no password, and changes no manager, leader or ops person."""
    _user, client = staff("manager")
    csm = make_user("ana")
    page = client.get(reverse("admin:core_user_change", args=[csm.pk])).content.decode()
    assert 'name="daily_cap"' in page
    for field in ("role", "password", "is_staff", "is_superuser"):
        assert f'name="{field}"' not in page
    assert client.get(reverse("admin:auth_user_password_change", args=[csm.pk])).status_code == 403
    assert client.get(reverse("admin:core_user_add")).status_code == 403
    for role in ("manager", "leader", "ops"):
        other = make_user(f"other-{role}", role=role)
        page = client.get(reverse("admin:core_user_change", args=[other.pk])).content.decode()
        assert 'name="email"' not in page
