"""A floor of people and accounts on which insights go all the way to work."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.test import Client

from core.models import User
from core.stages import Stage
from cx_ops.pipeline import DECIDE, DISPATCH
from decisions.models import Decision
from outcomes.services import record_outcomes
from playbooks.models import ClosedTask, Task
from tests.factories import NOW, make_account, make_insight, make_organisation, make_source, make_team, make_user

MEASURE = Stage("measure", ClosedTask, record_outcomes)


def signed_in(user: User) -> Client:
    """A browser of somebody who has logged in."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


class Floor:
    """A team of two with a lead, and an account of Ana's; insights go all the way to work."""

    def __init__(self) -> None:
        self.team = make_team("North")
        self.ana = make_user("ana", team=self.team, in_pool=True, first_name="Ana")
        self.bea = make_user("bea", team=self.team, in_pool=True)
        self.lead = make_user("lena", role="manager", team=self.team)
        self.team.lead = self.lead
        self.team.save()
        make_organisation(catch_all=make_user("omar", role="manager"))
        self.source = make_source("house")
        self.account = self.new_account("Acme")

    def new_account(self, name: str = "", **fields: Any) -> Any:
        return make_account(
            name, **{"csm": self.ana, "source": self.source, "arr_amount": 100_000, "arr_currency": "USD"} | fields
        )

    def insight(self, confidence: str = "0.93", now: datetime = NOW, **fields: Any) -> Decision:
        insight = make_insight(
            fields.pop("account", self.account), confidence, source=self.source, **{"scored_at": now} | fields
        )
        self.work(now)
        return Decision.objects.get(insight=insight)

    def work(self, now: datetime = NOW) -> None:
        while DECIDE.advance(now) or DISPATCH.advance(now) or MEASURE.advance(now):
            pass

    def task(self, confidence: str = "0.95", **fields: Any) -> Task:
        """A fresh urgent task of Ana's."""
        return Task.objects.get(decision=self.insight(confidence, **fields))
