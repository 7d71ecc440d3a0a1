"""Who looks after a source now: its owner, its backup, their lead, the catch-all; never a leaver or somebody away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from core.guards import DOERS
from core.models import Organisation, User
from intake.models import Source


class Caretakers:
    """The chain behind sources at one moment, read once for many; without whoever is about to leave."""

    def __init__(self, now: datetime, *, leaver: User | None = None) -> None:
        people = User.objects.available_at(now).filter(role__in=DOERS).select_related("team")
        self._here: dict[UUID, User] = {user.pk: user for user in people if leaver is None or user.pk != leaver.pk}
        organisation = Organisation.objects.first()
        self._catch_all = organisation.catch_all_id if organisation else None

    def of(self, source: Source) -> User | None:
        """Who takes what is to be done about it; None where nobody is left. Its people come with it."""
        return next((self._here[id] for id in self._chain(source) if id in self._here), None)

    def _chain(self, source: Source) -> Iterator[UUID]:
        people = [person for person in (source.owner, source.backup) if person]
        leads = [person.team.lead_id for person in people if person.team]
        yield from (person.pk for person in people)
        yield from (id for id in (*leads, self._catch_all) if id)
