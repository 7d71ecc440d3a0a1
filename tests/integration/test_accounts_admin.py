"""Accounts in the admin: read, archived, never deleted."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from core.enums import Role
from core.models import Act
from tests.factories import make_account, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(make_user("root", role=Role.OPS, is_staff=True, is_superuser=True))
    return client


def test_accounts_are_archived_by_the_action(admin: Client) -> None:
    account, other = make_account("Fictional Foods"), make_account()
    listed = admin.get(reverse("admin:accounts_account_changelist"), {"q": "foods"})
    assert "Fictional Foods" in listed.content.decode()
    admin.post(
        reverse("admin:accounts_account_changelist"), {"action": "archive", "_selected_action": [str(account.id)]}
    )
    assert list(Account.objects.filter(archived_at=None)) == [other]
    assert Act.objects.get().verb == "archived"


def test_accounts_are_neither_deleted_nor_written(admin: Client) -> None:
    account = make_account("Fictional Foods")
    assert admin.get(reverse("admin:accounts_account_delete", args=[account.id])).status_code == 403
    assert admin.get(reverse("admin:accounts_account_add")).status_code == 403
    page = admin.get(reverse("admin:accounts_account_change", args=[account.id]))
    assert page.status_code == 200
    admin.post(reverse("admin:accounts_account_change", args=[account.id]), {"name": "Renamed"})
    account.refresh_from_db()
    assert account.name == "Fictional Foods"


@pytest.mark.parametrize("model", ["contact", "contract", "ledgerentry", "redlineflag", "fxrate"])
def test_the_lists_open(admin: Client, model: str) -> None:
    assert admin.get(reverse(f"admin:accounts_{model}_changelist")).status_code == 200
