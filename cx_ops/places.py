"""Which rooms keep rows about accounts: a merge takes them along, each room's in the order in which data climbs."""

from __future__ import annotations

from accounts.services.places import ACCOUNTS, register_places
from decisions.services.places import DECISIONS
from insights.services.places import INSIGHTS
from outcomes.services.places import OUTCOMES
from playbooks.services.joining import PLAYBOOKS

ROOMS = {
    "accounts": ACCOUNTS, "insights": INSIGHTS, "decisions": DECISIONS, "playbooks": PLAYBOOKS, "outcomes": OUTCOMES,
}  # fmt: skip


def register_rooms() -> None:
    for name, room in ROOMS.items():
        register_places(name, room)
