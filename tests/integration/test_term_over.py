"""A term that is over: somebody says what became of it, and the account's health follows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import Contract
from core.bulk import database_now
from playbooks.services.tasks import close_task
from tests.factories import make_contract
from tests.floor import Floor, signed_in

pytestmark = pytest.mark.django_db


def test_of_a_term_that_is_over_it_is_said_what_became_of_it(floor: Floor) -> None:
    today = database_now().date()
    contract = make_contract(
        floor.account, starts_on=today - timedelta(days=400), ends_on=today - timedelta(days=9), forecast="likely"
    )
    client, url = signed_in(floor.ana), f"/contracts/{contract.pk}/forecast/"
    address = f"/accounts/{floor.account.pk}/"

    def health() -> tuple[str, str]:
        page = client.get(address).context["page"]
        return page.health.label, page.health.reasons[0]

    assert "What became of it" in client.get(address).content.decode()
    assert health() == ("Urgent", "Term ended 9 days ago, no new one")
    refused = client.post(url, {"was": "likely", "forecast": "commit"}, follow=True)
    assert "Choose one of" in refused.content.decode(), "a forecast holds until the term is over"
    client.post(url, {"was": "likely", "forecast": "renewed"})
    assert health() == ("Attention", "Said to be renewed, the new term has not come yet")
    client.post(url, {"was": "renewed", "forecast": "ended"})
    assert health() == ("Ended", "Term ended 9 days ago, not renewed")
    assert floor.account.name not in client.get("/portfolio/").content.decode()
    client.post(url, {"was": "ended", "forecast": "unknown"})
    assert health() == ("Urgent", "Term ended 9 days ago, no new one")
    task = floor.task(now=database_now() - timedelta(days=1))
    close_task(task_id=task.pk, by=floor.ana, version=task.version, outcome="lost", reason="price", now=database_now())
    assert "What became of it" not in client.get(address).content.decode(), "that it is lost says it"
    make_contract(floor.account, starts_on=today, ends_on=today + timedelta(days=300))
    assert "What became of it" not in client.get(address).content.decode(), "a new term says it"
    early = client.post(
        f"/contracts/{Contract.objects.latest('id').pk}/forecast/", {"was": "unknown", "forecast": "ended"}
    )
    assert early.status_code == 302
    assert Contract.objects.latest("id").forecast == "unknown", "not before it is over"
