"""Who works here: the organisation, its calendars, teams, people, absences, currencies and sources.

This is the one part of the demonstration that is written as rows: an installation has it before anything arrives.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.enums import AccountRole
from accounts.models import FxRate
from core.enums import Role
from core.models import Absence, BusinessCalendar, Organisation, Team, User
from intake.enums import Scope
from intake.models import ApiToken, Shipment, Source
from intake.services import create_token, find
from playbooks.models import Playbook

EMEA, AMER = "Harbour team", "Meadow team"
A_YEAR = timedelta(days=365)
ZONES = {"Lisbon": "Europe/Lisbon", "New York": "America/New_York", "Singapore": "Asia/Singapore"}


@dataclass(frozen=True)
class Person:
    """Somebody with a log-in. `post` is the word for their role on the demo's log-in page."""

    username: str
    name: str
    title: str
    role: Role
    post: str
    office: str
    team: str = ""

    @property
    def email(self) -> str:
        return f"{self.username}@example.com"


CSM = AccountRole.CSM.value
PEOPLE = (
    Person("ana", "Ana Marsh", "Customer success manager", Role.CSM, CSM, "Lisbon", EMEA),
    Person("ben", "Ben Thicket", "Customer success manager", Role.CSM, CSM, "Lisbon", EMEA),
    Person("cleo", "Cleo Fernway", "Customer success manager", Role.CSM, CSM, "Singapore", EMEA),
    Person("dev", "Dev Rushlight", "Principal success manager", Role.CSM, CSM, "New York", AMER),
    Person("edda", "Edda Larkin-Moss", "Customer success manager", Role.CSM, CSM, "New York", AMER),
    Person("finn", "Finn Tarnwood", "Customer success manager", Role.CSM, CSM, "New York", AMER),
    Person("gus", "Gus Heatherbell", "Customer success manager", Role.CSM, CSM, "New York", AMER),
    Person("hana", "Hana Brookfen", "Account executive", Role.CSM, "account_executive", "Lisbon", EMEA),
    Person("ivo", "Ivo Saltgrass", "Account executive", Role.CSM, "account_executive", "New York", AMER),
    Person("juno", "Juno Peppermere", "Customer marketer", Role.CSM, "marketer", "Lisbon", EMEA),
    Person("kai", "Kai Stonemint", "Head of support", Role.CSM, "support_lead", "Lisbon", EMEA),
    Person("mara", "Mara Wintergreen", "Manager, customer success", Role.MANAGER, "manager", "New York", AMER),
    Person("noor", "Noor Foxmoor", "Chief customer officer", Role.LEADER, "leader", "Lisbon"),
    Person("otto", "Otto Quickset", "Customer operations", Role.OPS, "ops", "Lisbon"),
)
FEW = tuple(person for person in PEOPLE if person.username in ("ana", "mara", "noor", "otto"))
LEAD = "mara"
AWAY = {"ben": (5, 9)}  # days since it began, days until it ends
SOURCES = {
    "crm": ("CRM", "otto", "kai", 168),
    "billing": ("Billing", "otto", "kai", 168),
    "product": ("Product usage", "otto", "kai", 168),
    "desk": ("Help desk", "kai", "otto", 168),
    "house": ("House models", "otto", "kai", 168),
    "vendor": ("Vendor scores", "otto", "mara", 168),
    "sheets": ("Team sheets", "otto", "mara", 744),
}
OWN_SOURCE = {"own": ("Your own calls", "otto", "mara", None)}
SHOP_SOURCE = {"shop": ("Shop", "otto", "kai", 24)}
RUNBOOK = "Ask the owner of the system whether the export still runs. Send the last file again by hand meanwhile."
RUNBOOKS = {
    "billing": "1. A job on the server brings the report each Thursday, with import_file: look into its log.\n"
    "2. Its password for the billing system ends every 90 days: renew it with finance.\n"
    "3. Until then download the report by hand and bring it with “Send a file” on this source’s page.",
    "house": "1. Look at the log of the nightly scoring job.\n2. If it could not read its data, call the data team.",
}
RATES = {
    "EUR": ((240, "1.0810"), (150, "1.0930"), (60, "1.1120"), (5, "1.1040")),
    "GBP": ((240, "1.2650"), (120, "1.2890"), (30, "1.3010")),
}


def hire(*, now: datetime, password: str, who: Sequence[Person] = PEOPLE) -> None:
    """Write the organisation as it stood at `now`, everybody with the same password."""
    offices, named = {person.office for person in who}, dict.fromkeys(person.team for person in who if person.team)
    with transaction.atomic():
        calendars = {
            office: BusinessCalendar.objects.create(name=f"{office} office", timezone=zone)
            for office, zone in ZONES.items()
            if office in offices
        }
        teams = {name: Team.objects.create(name=name) for name in named}
        encoded = make_password(password)
        users = {
            person.username: User.objects.create(**_columns(person, teams, calendars), password=encoded)
            for person in who
        }
        Team.objects.update(lead=users[LEAD])
        Organisation.objects.update_or_create(
            id=1,
            defaults={"name": "Lantern & Loom", "calendar": calendars["Lisbon"]},
        )
        Playbook.objects.update(owner=users[LEAD])


def _columns(person: Person, teams: dict[str, Team], calendars: dict[str, BusinessCalendar]) -> dict[str, object]:
    first, last = person.name.split(maxsplit=1)
    return {
        "username": person.username,
        "email": person.email,
        "first_name": first,
        "last_name": last,
        "title": person.title,
        "role": person.role,
        "team": teams.get(person.team),
        "in_pool": person.post == CSM,
        "timezone": ZONES[person.office],
        "calendar": calendars[person.office],
        "is_staff": person.role in (Role.MANAGER, Role.OPS),
    }


def connect(slugs: Mapping[str, tuple[str, str, str, int | None]], *, namespace: str = "") -> dict[str, Source]:
    """Sources by slug; all of them call accounts by the ids of the source `namespace`, which comes first."""
    users = {user.username: user for user in User.objects.all()}
    found: dict[str, Source] = {}
    for slug, (name, owner, backup, hours) in slugs.items():
        found[slug] = Source.objects.create(
            slug=slug,
            name=name,
            owner=users[owner],
            backup=users[backup],
            cadence_hours=hours,
            runbook=RUNBOOKS.get(slug, RUNBOOK),
            account_namespace=found.get(namespace),
        )
    return found


def folder_sources(scorers: list[str]) -> dict[str, tuple[str, str, str, int]]:
    """The shop, and the scorers that use its ids."""
    return SHOP_SOURCE | {slug: (f"{slug.capitalize()} scores", "otto", "mara", 744) for slug in scorers}


def set_rates(today: date) -> None:
    """What a unit of each currency bought, in dated steps. The one without a rate stays unknown."""
    FxRate.objects.bulk_create(
        FxRate(currency=currency, on_day=today - timedelta(days=ago), rate=Decimal(rate))
        for currency, steps in RATES.items()
        for ago, rate in steps
    )


def send_away(now: datetime) -> None:
    """Those who are on leave as the book is opened."""
    for username, (since, until) in AWAY.items():
        Absence.objects.create(
            user=User.objects.get(username=username),
            active_from=now - timedelta(days=since),
            active_to=now + timedelta(days=until),
            note="On leave",
        )


def is_away(username: str, day: date, *, today: date) -> bool:
    """Whether somebody is on leave on a day of a book that is opened on `today`."""
    return username in AWAY and day >= today - timedelta(days=AWAY[username][0])


def leave_company(username: str, *, now: datetime) -> None:
    """Somebody's log-in is closed; what they did stays."""
    User.objects.filter(username=username).update(is_active=False, in_pool=False)


def new_password() -> str:
    """One password for everybody in the demonstration: it is printed, and the data is made up."""
    return secrets.token_urlsafe(12)


def give_token(source: Source, *, now: datetime) -> str:
    """A token with which to try the API in the name of `source`."""
    owner = source.owner
    _, text = create_token(
        source=source, name="Demonstration", scopes=list(Scope), expires_at=now + A_YEAR, now=now, by=owner
    )
    return text


def name_tokens() -> None:
    """The tokens with which the feeds that come by API were sent, as old as they; nobody knows what they say."""
    sent: dict[Source, dict[Scope, datetime]] = defaultdict(dict)
    first: dict[Source, datetime] = {}
    for call in Shipment.objects.filter(of=None, source__person=None).select_related("source__owner").order_by("at"):
        sent[call.source][find(call.kind).scope] = call.at
        first.setdefault(call.source, call.at)
    for source, scopes in sent.items():
        token, _ = create_token(
            source=source, name=f"Feed of {source.name}", scopes=list(scopes), expires_at=first[source] + A_YEAR,
            now=first[source], by=source.owner,
        )  # fmt: skip
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=max(scopes.values()))
