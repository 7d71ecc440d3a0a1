"""What the launcher prints when the demonstration is ready: log-ins and a token."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TypedDict

from core.models import User
from cx_ops.demo.people import PEOPLE


class LogIn(TypedDict):
    username: str
    password: str
    role: str


class Credentials(TypedDict):
    """As `cx_ops.launch` reads them."""

    users: list[LogIn]
    api_token: str


def make_credentials(*, password: str, api_token: str) -> Credentials:
    """Those who can log in now; a leaver cannot."""
    active = set(User.objects.filter(is_active=True).values_list("username", flat=True))
    users: list[LogIn] = [
        {"username": person.username, "password": password, "role": person.post}
        for person in PEOPLE
        if person.username in active
    ]
    return {"users": users, "api_token": api_token}


def write_credentials(path: Path, credentials: Credentials) -> None:
    """Write the file anew, readable by its owner alone."""
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(credentials, file)
    partial.replace(path)
