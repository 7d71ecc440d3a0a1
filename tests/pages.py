"""Every page, from the addresses: one that is added is tested without being listed again."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from core.models import User
from tests.factories import make_user
from tests.floor import Floor
from tests.integration.test_access import objects_of
from tests.routes import ROUTES

# Not pages: a part that is polled, a file, a redirect.
FILES = ("import_errors", "import_warnings", "import_example")
PARTS = ("queue_changes", "queue_rows", "task_presence", *FILES, "home", "accounts")
PAGES = [name for name, route in ROUTES.items() if route.method == "get" and name not in PARTS]
# Those whose queue holds work come first.
ROLES = ("csm", "manager", "ops", "leader")


def person(floor: Floor, role: str) -> User:
    known = {"csm": floor.ana, "manager": floor.lead}
    return known.get(role) or User.objects.filter(username=role).first() or make_user(role, role=role)


def first_role(name: str) -> str:
    """Of ROLES the first that may open the page."""
    return next(role for role in ROLES if role in ROUTES[name].roles)


def addresses(floor: Floor) -> dict[str, str]:
    """Every page by name, each on something that is there."""
    floor.insight("0.97")
    objects: dict[str, dict[str, Any]] = objects_of(floor, floor.new_account("Bluebell Dental"))
    return {name: reverse(name, kwargs=objects.get(ROUTES[name].of, {})) for name in PAGES}
