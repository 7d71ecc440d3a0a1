"""Whom the insights are about, and what is said about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.db import connection

from core.enums import Role
from core.models import Organisation, Team, User
from intake.enums import Scope
from intake.models import Source
from intake.services import create_token

KNOWN = [f"known-{n}" for n in range(60)]
LATE = [f"late-{n}" for n in range(12)]  # sent when everything else has been
NEVER = [f"never-{n}" for n in range(6)]
POISON = "poison-"
CONFIDENCES = (0.97, 0.93, 0.88, 0.8, 0.74, 0.6, 0.3)
TYPES = ("churn_risk", "expansion_signal", "engagement_opportunity", "advocacy_potential")
# Lands like any other, and fails whenever the believe stage writes it.
POISONED = f"ALTER TABLE insights_insight ADD CONSTRAINT poison CHECK (external_id NOT LIKE '{POISON}%')"


@dataclass(frozen=True)
class Sender:
    """A source with its token. All sources use the account ids of the first."""

    slug: str
    token: str


def make_company(now: datetime, senders: int) -> list[Sender]:
    """Two teams with people, and the sources; makes the database refuse poison."""
    lead = User.objects.create(username="lead", email="lead@example.com", role=Role.MANAGER)
    Organisation.objects.update_or_create(id=1, defaults={"name": "Example Ltd", "catch_all": lead})
    for name in ("North", "South"):
        team = Team.objects.create(name=name, lead=lead)
        for n in range(2):
            username = f"{name.lower()}-{n}"
            User.objects.create(username=username, email=f"{username}@example.com", team=team, in_pool=True)
    with connection.cursor() as cursor:
        cursor.execute(POISONED)
    shop = Source.objects.create(slug="scorer-0", name="Scorer 0")
    rest = [
        Source.objects.create(slug=f"scorer-{n}", name=f"Scorer {n}", account_namespace=shop) for n in range(1, senders)
    ]
    return [Sender(source.slug, create_token(source=source, name="faults", scopes=[*Scope], now=now)[1])
            for source in (shop, *rest)]  # fmt: skip


def accounts(names: list[str]) -> list[dict[str, Any]]:
    """Bodies of accounts, some owned by a person, some by nobody."""
    people = ("north-0", "north-1", "south-0", "south-1", None)
    rows = []
    for n, name in enumerate(names):
        person = people[n % len(people)]
        arr = {"amount": f"{1000 + n}.00", "currency": "USD"}
        row: dict[str, Any] = {"external_id": name, "name": f"Customer {name}", "arr": arr}
        rows.append(row | ({"people": {"csm": person}} if person else {}))
    return rows


def insights(sender: Sender, round_: int, size: int, *, now: datetime) -> Iterator[dict[str, Any]]:
    """The insights of one round, the same whoever asks."""
    random = Random(f"{sender.slug}/{round_}")
    for n in range(size):
        kind = random.random()
        about = random.choice(KNOWN if kind < 0.85 else LATE if kind < 0.95 else NEVER)
        name = f"{round_}-{n}"
        scored = now - timedelta(minutes=random.randrange(1, 60 * 24 * 10))
        yield {
            "external_id": POISON + name if random.random() < 0.01 and kind < 0.85 else name,
            "type": random.choice(TYPES),
            "account": {"external_id": about},
            "confidence": random.choice(CONFIDENCES),
            "model": "house",
            "model_version": "1",
            "scored_at": f"{scored:%Y-%m-%dT%H:%M:%SZ}",
            "reason": random.choice(("usage_drop", "", "sponsor_left")),
        }
