"""The back office of people and playbooks: nothing unsafe can be saved."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from core.models import User
from playbooks.models import PlaybookVersion
from playbooks.services.runs import draft_playbook
from tests.factories import NOW, make_user
from tests.floor import Floor

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client: Client) -> User:
    user = make_user("root", is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


def act_on(client: Client, model: str, action: str, *rows: Any) -> str:
    path = reverse(f"admin:{model}_changelist")
    data = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    return client.post(path, data, follow=True).content.decode()


@pytest.mark.parametrize(
    "model",
    ["core_user", "core_absence", "core_organisation", "core_alert", "core_act",
     "core_mail", "playbooks_playbook", "playbooks_playbookversion",
     "playbooks_task", "playbooks_run", "playbooks_watch", "playbooks_effect", "outcomes_outcome"],
)  # fmt: skip
def test_every_list_opens(client: Client, boss: User, model: str) -> None:
    assert client.get(reverse(f"admin:{model}_changelist")).status_code == 200


def test_a_leaver_with_open_work_stays_until_it_is_handed_over(client: Client, boss: User) -> None:
    floor = Floor()
    floor.task()
    assert "hand them over first" in act_on(client, "core_user", "deactivate", floor.ana)
    assert "is deactivated" in act_on(client, "core_user", "deactivate", floor.bea)
    assert list(User.objects.filter(is_active=False)) == [floor.bea]
    assert client.get(reverse("admin:core_user_delete", args=[floor.bea.pk])).status_code == 403
    page = client.get(reverse("admin:core_user_change", args=[floor.ana.pk])).content.decode()
    assert 'name="is_active"' not in page


def test_staff_cannot_make_themselves_superusers(client: Client) -> None:
    clerk = make_user("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(content_type__app_label="core"))
    boss = make_user("root", is_staff=True, is_superuser=True)
    client.force_login(clerk)
    page = client.get(reverse("admin:core_user_change", args=[clerk.pk])).content.decode()
    assert 'name="is_superuser"' not in page
    assert 'name="user_permissions"' not in page
    assert 'name="password"' not in client.get(reverse("admin:core_user_change", args=[boss.pk])).content.decode()
    assert client.get(reverse("admin:auth_user_password_change", args=[boss.pk])).status_code == 403


def test_published_versions_are_read_only_and_drafts_are_published(client: Client, boss: User) -> None:
    published = PlaybookVersion.objects.get(playbook="churn-rescue")
    page = client.get(reverse("admin:playbooks_playbookversion_change", args=[published.pk])).content.decode()
    assert 'name="steps-0-title"' not in page
    draft = draft_playbook(playbook="churn-rescue", by=boss, now=NOW)
    page = client.get(reverse("admin:playbooks_playbookversion_change", args=[draft.pk])).content.decode()
    assert 'name="steps-0-title"' in page
    assert "Name an active owner" in act_on(client, "playbooks_playbookversion", "publish", draft)
    draft.playbook.owner = boss
    draft.playbook.save()
    assert "is published" in act_on(client, "playbooks_playbookversion", "publish", draft)
