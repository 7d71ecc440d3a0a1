"""An insight with words of its own is held out; then everybody but leaders looks everywhere, and finds none of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.contrib import admin
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import AccountPerson, Link
from core.bulk import execute
from core.models import User
from core.templatetags.cx import percent
from cx_ops.account_timeline import KINDS
from decisions.enums import Suppression
from decisions.models import Decision
from decisions.services import stop_hold_out
from insights.models import Insight, InsightType
from insights.services import retract_insight
from intake.enums import Happening, Scope, SourceMode
from intake.models import Delivery, Held
from intake.services import spread_announcements
from intake.services.parallel import start_run
from playbooks.models import Task
from playbooks.services import send_effects
from playbooks.services.digests import write_digests
from tests.conftest import ApiClient
from tests.factories import (
    NOW,
    make_allocation,
    make_hold_out,
    make_insight,
    make_source,
    make_team,
    make_token,
    make_user,
    make_webhook,
)
from tests.floor import Floor, signed_in
from tests.integration.test_access import ADDRESSES, API_OBJECTS, API_PUBLIC, objects_of
from tests.routes import ROUTES

pytestmark = pytest.mark.django_db
FACTOR, POINT, MODEL, ID, WHY = (
    "Zyxwort logins stopped", "Speak of zyxwort", "zyxwort-logit", "zyxwort-score-77", "the zyxwort was mistaken",
)  # fmt: skip
# What is looked for by hand: a part of all of them, since a search repeats what was typed.
TYPED = "zyxw"
SURE, CHANCE = Decimal("0.96717"), Decimal("0.41371")
CANARIES = ("zyxwort", str(SURE), f"{percent(CHANCE)} chance", str(CHANCE))
EVERYTHING = [each for each in Happening if each != Happening.TEST]
# Files with everything about one person, which it is their right to have (SECURITY.md).
WHOLE = ("person_export", "account_person_export")
SEES = ("ana", "bea", "lena", "otto", "sam", "rob")


@dataclass
class Scene:
    """An account with an open task, and a claim that is held out beside it; everybody who has to do with it."""

    floor: Floor
    insight: UUID
    held: Any
    people: dict[str, User]
    objects: dict[str, dict[str, Any]]
    reader: str
    own: str

    def addresses(self) -> Iterator[tuple[str, str]]:
        """Every page that can be got, of the account and the insight where it is of one; and its file."""
        for name, route in ROUTES.items():
            if route.method == "get" and name not in WHOLE:
                yield name, reverse(name, kwargs=self.objects.get(route.of, {}))

    def pages_of(self, person: str) -> Iterator[tuple[str, str]]:
        """(address, text) of all that somebody gets to see."""
        client = signed_in(self.people[person])
        for name, url in self.addresses():
            answer = client.get(url, LIVE if name == "queue_changes" else {})
            yield name, text_of(answer)
            for query in ({"format": "csv"}, *QUERIES.get(name, ())) if answer.status_code == 200 else ():
                yield f"{name} {query}", text_of(client.get(url, query))
        account = self.objects["account"]["account_id"]
        for name, data in (("log_touch", {}), ("account_split", {"links": [self.objects["link"]], "preview": "1"})):
            yield name, text_of(client.post(reverse(name, args=[account]), data, follow=True))
        yield from api_of(client, self)


LIVE = {"lane": "now", "since": NOW.isoformat()}
QUERIES: dict[str, tuple[dict[str, str], ...]] = {
    "account": tuple({"kind": kind} for kind in KINDS),
    "search": ({"q": TYPED}, {"q": "Acme"}),
    "portfolio": ({"health": "risk"}, {"open": "downgrade"}, {"q": TYPED}),
    "audit": ({"kind": "retracted insight"}, {"who": "system"}),
    "parallel_run": ({"state": "different"}, {"state": "only_old"}),
}


def text_of(answer: Any) -> str:
    """What somebody was sent, in small letters."""
    assert answer.status_code < 500
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(body.decode(errors="replace").lower())


def api_of(client: Client, scene: Scene) -> Iterator[tuple[str, str]]:
    """(address, text) of all that the API answers somebody who is signed in, or who has a token."""
    token = {"Authorization": f"Bearer {client.token}"} if isinstance(client, ApiClient) else {}
    for name, path in ADDRESSES.items():
        if not path.startswith("api/") or name in API_PUBLIC:
            continue
        [id] = scene.objects[API_OBJECTS[name]].values() if name in API_OBJECTS else [""]
        for query in [{}] if id else [{}, {"external_id": ID}, {"insight_external_id": ID}, {"response": "human"}]:
            answer = client.get(f"/{path}".replace("<uuid:id>", str(id)), query, headers=token)
            yield f"{name} {query}", text_of(answer)


def findings(pages: Iterator[tuple[str, str]]) -> list[str]:
    return [f"{where}: {word}" for where, text in pages for word in CANARIES if word in text]


@pytest.fixture
def scene(db: None) -> Scene:
    floor = Floor()
    objects = objects_of(floor, floor.account)
    people = {
        "ana": floor.ana, "bea": floor.bea, "lena": floor.lead, "otto": make_user("otto", role="ops"),
        "sam": make_user("sam", team=make_team("Sales")), "rob": make_user("rob", role="integration"),
        "noor": make_user("noor", role="leader"), "root": make_user("root", is_superuser=True, is_staff=True),
    }  # fmt: skip
    AccountPerson.objects.create(account=floor.account, role="account_executive", user=people["sam"])
    User.objects.filter(pk__in=[one.pk for one in people.values()]).update(digest="daily")
    hooked = make_source(mode=SourceMode.PROPAGATE)
    make_webhook(floor.lead, source=hooked, happenings=EVERYTHING)
    link = Link.objects.create(
        account=floor.account, source_id=hooked.pk, namespace_id=hooked.pk, external_id="A9", rule="new", actor="test",
        created_at=NOW,
    )  # fmt: skip
    birds = make_source("birds")
    type = InsightType.objects.create(
        slug="downgrade", name="Downgrade", direction="risk", event="x", base_rate="0.1", acting_share="0.2"
    )
    insight = make_insight(
        floor.account, str(SURE), source=birds, model=MODEL, external_id=ID, probability=CHANCE, type_id=type.pk,
        factors=[{"name": FACTOR}], talking_points=[POINT],
    )  # fmt: skip
    held = make_allocation(make_hold_out(people["noor"], type_id=type.pk), insight)
    floor.work()
    decision = Decision.objects.get(pk=insight.pk)
    assert decision.suppressed_by == Suppression.HOLD_OUT
    put_beside(decision, Task.objects.get(pk=objects["task"]["task_id"]))
    mistaken = make_insight(floor.account, "0.93", source=birds, model=MODEL, type_id=type.pk)
    floor.work()
    retract_insight(insight_id=mistaken.pk, why=WHY, now=NOW, actor="source birds")
    beside_a_new_feed(floor, insight)
    objects |= {"decision": {"insight_id": insight.pk}, "parallel": {"slug": birds.slug}, "link": link.pk}  # type: ignore[dict-item]
    reader = make_token(hooked, Scope.READ)[1]
    return Scene(floor, insight.pk, held, people, objects, reader, make_token(birds)[1])


def put_beside(decision: Decision, task: Task) -> None:
    """As near as can be to what is being done: its item was closed when the claim came, and was opened again since."""
    execute("SET LOCAL cx_ops.may_rewrite = 'yes'")
    Decision.objects.filter(pk=decision.pk).update(item=task.item_id)
    Task.objects.filter(pk=task.pk).update(evidence_count=2)


def beside_a_new_feed(floor: Floor, insight: Insight) -> None:
    """The source is to be replaced by another, which says something else."""
    run = start_run(old=insight.source, new=make_source(), by=floor.lead, now=NOW)
    for account in (floor.account, floor.new_account("Bluebell Dental")):
        Held.objects.create(
            run=run, kind="scores", external_id=f"n-{account.pk}", slot=insight.type_id, account_id=account.pk, at=NOW,
            landed_at=NOW, values={insight.type_id: [0.5, NOW.isoformat()]}, payload="{}",
        )  # fmt: skip


@pytest.mark.parametrize("person", SEES)
def test_nobody_who_could_act_on_it_finds_it(scene: Scene, person: str) -> None:
    assert findings(scene.pages_of(person)) == []


@pytest.mark.parametrize("person", SEES)
def test_its_own_addresses_are_not_there(scene: Scene, person: str) -> None:
    client = signed_in(scene.people[person])
    api = {client.get(f"/api/v1/{kind}/{scene.insight}").status_code for kind in ("insights", "decisions")}
    page = client.get(reverse("decision", args=[scene.insight])).status_code
    assert (api, page) == ({404}, 403 if person == "rob" else 404)


def test_tokens_of_other_sources_do_not_read_it(scene: Scene) -> None:
    other = ApiClient(scene.reader)
    assert findings(api_of(other, scene)) == []
    assert other.call("GET", "/api/v1/insights").json()["results"] != []
    for kind in ("insights", "decisions"):
        assert other.call("GET", f"/api/v1/{kind}/{scene.insight}").status_code == 404


def test_its_own_source_reads_what_it_sent(scene: Scene) -> None:
    own = ApiClient(scene.own)
    for kind in ("insights", "decisions"):
        assert own.call("GET", f"/api/v1/{kind}/{scene.insight}").status_code == 200
    assert findings(api_of(own, scene))


def test_no_message_and_no_mail_tells_of_it(scene: Scene) -> None:
    scene.floor.insight("0.55", account=scene.floor.new_account())
    spread_announcements(NOW)
    bodies = list(Delivery.objects.values_list("body", flat=True))
    assert any("insight.accepted" in body for body in bodies)
    assert any("decision.made" in body for body in bodies)
    assert write_digests(NOW) >= 1
    send_effects(NOW)
    mails = [f"{message.subject} {message.body} {message.alternatives}" for message in mail.outbox]  # type: ignore[attr-defined]
    assert mails
    assert findings((text[:40], text.lower()) for text in [*bodies, *mails]) == []


@pytest.mark.parametrize("person", ["lena", "otto"])
def test_the_back_office_does_not_list_it(scene: Scene, person: str) -> None:
    user = scene.people[person]
    User.objects.filter(pk=user.pk).update(is_staff=True)
    client = signed_in(User.objects.get(pk=user.pk))
    assert findings(back_office(client, scene)) == []
    assert client.get(f"/admin/decisions/decision/{scene.insight}/change/").status_code == 302


def back_office(client: Client, scene: Scene) -> Iterator[tuple[str, str]]:
    """(address, text) of every list, whole and searched."""
    for model in admin.site._registry:
        meta = model._meta
        list_url = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
        for query in ({}, {"q": str(scene.insight)}, {"q": TYPED}):
            yield f"{list_url} {query}", text_of(client.get(list_url, query))


@pytest.mark.parametrize("person", ["noor", "root"])
def test_leaders_see_it(scene: Scene, person: str) -> None:
    client = signed_in(scene.people[person])
    assert FACTOR in client.get(reverse("decision", args=[scene.insight])).content.decode()
    assert FACTOR in client.get(reverse("account", args=[scene.floor.account.pk])).content.decode()
    assert WHY in client.get(reverse("audit")).content.decode()


def test_once_released_the_team_sees_it(scene: Scene) -> None:
    stop_hold_out(hold_out_id=scene.held.hold_out_id, why="Enough", by=scene.people["noor"], now=NOW)
    for person in ("ana", "bea", "lena", "otto", "sam"):
        client = signed_in(scene.people[person])
        assert FACTOR in client.get(reverse("decision", args=[scene.insight])).content.decode()
        assert FACTOR in client.get(reverse("account", args=[scene.floor.account.pk])).content.decode()
        assert client.get(f"/api/v1/insights/{scene.insight}").status_code == 200
    assert ApiClient(scene.reader).call("GET", f"/api/v1/decisions/{scene.insight}").status_code == 200


def test_what_is_not_decided_yet_may_come_to_be_held_out(scene: Scene) -> None:
    """A failure between the two leaves an insight that nobody has drawn an arm for."""
    waiting = make_insight(scene.floor.account, source=scene.floor.source, type_id="downgrade")
    other = make_insight(scene.floor.account, source=scene.floor.source)
    client = signed_in(scene.floor.ana)
    assert client.get(f"/api/v1/insights/{waiting.pk}").status_code == 404
    assert client.get(f"/api/v1/insights/{other.pk}").status_code == 200
    assert ApiClient(scene.reader).call("GET", f"/api/v1/insights/{waiting.pk}").status_code == 404
