"""Which rooms say how things stand by now that an alert told of."""

from __future__ import annotations

from core.queries import register_standing
from intake.queries.pulls import tell_of_pulls
from playbooks.queries.standings import ASKED_BY, tell_of_tasks, tell_standings


def register_standings() -> None:
    register_standing(ASKED_BY, tell_standings)
    register_standing(["second_no_response"], tell_of_tasks)
    register_standing(["pull_failed"], tell_of_pulls)
