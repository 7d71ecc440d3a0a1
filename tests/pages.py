"""Every page, from the addresses: one that is added is tested without being listed again."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone

from core.models import User
from intake.services.drafts import draft_import
from playbooks.models import Task
from playbooks.services.claiming import LEASE
from tests.factories import NOW, make_user
from tests.fixtures.exports import HUBSPOT
from tests.floor import Floor
from tests.integration.test_access import objects_of
from tests.routes import ROUTES, Route

# Not pages: a part that is polled, a file, a redirect.
FILES = ("import_errors", "import_warnings", "import_example")
PARTS = ("queue_changes", "queue_rows", "task_presence", *FILES, "home", "accounts")
PAGES = [name for name, route in ROUTES.items() if route.method == "get" and name not in PARTS]
# Those whose queue holds work come first.
ROLES = ("csm", "manager", "ops", "leader")


def person(floor: Floor, role: str) -> User:
    known = {"csm": floor.ana, "manager": floor.lead}
    return known.get(role) or User.objects.filter(username=role).first() or make_user(role, role=role)


def route_of(name: str) -> Route:
    """Of a page, or of one in another state: "import" and "import, draft" have the same."""
    return ROUTES[name.partition(",")[0]]


def first_role(name: str) -> str:
    """Of ROLES the first that may open the page."""
    return next(role for role in ROLES if role in route_of(name).roles)


def addresses(floor: Floor) -> dict[str, str]:
    """Every page by name, each on something that is there; and those that show something else in another state."""
    floor.insight("0.97")
    objects: dict[str, dict[str, Any]] = objects_of(floor, floor.new_account("Bluebell Dental"))
    pages = {name: reverse(name, kwargs=objects.get(ROUTES[name].of, {})) for name in PAGES}
    return pages | {"import, draft": reverse("import", args=[_draft(floor)]), "task, held": _held(floor)}


def _draft(floor: Floor) -> Any:
    """A file whose columns are shown, to be confirmed."""
    file = [HUBSPOT.encode()]
    return draft_import(file=file, filename="crm.csv", kind="", source=floor.source, by=floor.lead, now=NOW).pk


def _held(floor: Floor) -> str:
    """A task of Ana's that a colleague works on just now: her manager may take it over."""
    task = floor.task(account=floor.new_account("Copperfield Tools"))
    Task.objects.filter(pk=task.pk).update(claimed_by=floor.bea, claimed_until=timezone.now() + LEASE)
    return reverse("task", args=[task.pk])
