"""Playbooks by name, for screens that let somebody choose one."""

from __future__ import annotations

from playbooks.models import Playbook


def playbook_names() -> dict[str, str]:
    """Names of the playbooks in use, by slug."""
    return dict(Playbook.objects.filter(is_active=True).order_by("name").values_list("slug", "name"))
