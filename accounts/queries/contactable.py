"""Whom one calls or writes to at an account: never who left, nor who wants to be left alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import Case, F, JSONField, OuterRef, Q, Value, When, Window
from django.db.models.expressions import RawSQL
from django.db.models.functions import JSONObject, RowNumber

from accounts.enums import KEY_PEOPLE, Channel, ConsentState, Stakeholder
from accounts.models import Consent, Contact
from accounts.queries.people import FEELINGS

SHOWN = 3
# Who is called first: who is for us, then a key person who is unhappy, then who decides: the most influential of each
# before the second of any. The first is the main contact.
ORDER = ("champion", "unhappy", "decision_maker", "sponsor", "user", "unknown", "detractor")
UNHAPPY = Q(shows_stakeholder__in=KEY_PEOPLE, shows_sentiment__lt=0)
RANK = Case(
    When(UNHAPPY & ~Q(shows_stakeholder=Stakeholder.CHAMPION), then=Value(ORDER.index("unhappy"))),
    *(When(shows_stakeholder=role, then=Value(place)) for place, role in enumerate(ORDER)), default=Value(len(ORDER)),
)  # fmt: skip


class Contactable(NamedTuple):
    """A contact with the ways to reach them that they have not refused; each "" where there is none.

    `is_main`: the one a step means by "the main contact". `refused`: the ways that are known and were refused.
    """

    name: str
    role: str
    title: str
    phone: str
    email: str
    feeling: str = ""
    is_main: bool = False
    refused: tuple[str, ...] = ()

    @property
    def mailbox(self) -> str:
        """The address up to its "@", after which a line may break."""
        return self.email.partition("@")[0]

    @property
    def host(self) -> str:
        """The rest of it."""
        return self.email.removeprefix(self.mailbox)

    @property
    def tel(self) -> str:
        """The number as a `tel:` link takes it."""
        return "".join(sign for sign in self.phone if sign.isdigit() or sign == "+")


def people_there(today: date, account: str) -> RawSQL:
    """The best contacts of an account for `contactable`: a column, not a query. `account`: where its id stands."""
    sql, params = _written(today, account)
    return RawSQL(f"ARRAY({sql})", params, output_field=ArrayField(JSONField()))  # from the below  # noqa: S611  # nosec B611


@lru_cache(maxsize=8)
def _written(today: date, account: str) -> tuple[str, tuple[Any, ...]]:
    # Once a day: to write it takes Django ten milliseconds, which is more than all the rest of a task's page.
    whose = Q(contact=OuterRef("pk")) | Q(contact__same_as=OuterRef("pk"))
    refused = Consent.objects.filter(whose, state=ConsentState.REFUSED).values("channel")
    names = ("name", "stakeholder", "title", "phone", "email", "sentiment")
    there = Contact.objects.filter(account=RawSQL(account, ()))  # a name of ours  # noqa: S611  # nosec B611
    people = there.people(*names, "left_on", "influence", "do_not_contact").filter(
        ~Q(shows_email="", shows_phone=""), Q(shows_left_on=None) | Q(shows_left_on__gt=today),
        Q(shows_do_not_contact=False),
    )  # fmt: skip
    influential = (F("shows_influence").desc(nulls_last=True), F("shows_name").asc())
    nth = Window(RowNumber(), partition_by="rank", order_by=influential)
    best = people.annotate(rank=RANK, refused=ArraySubquery(refused)).annotate(nth=nth).order_by("nth", "rank")
    found = JSONObject(id=F("pk"), refused=F("refused"), **{name: F(f"shows_{name}") for name in names})
    return best.values(found=found)[:SHOWN].query.sql_with_params()


def contactable(rows: Iterable[dict[str, Any]], hidden: Collection[str]) -> list[Contactable]:
    """What `people_there` found, without the fields that are `hidden` from the reader."""
    veiled = {field.removeprefix("contacts.") for field in hidden}
    return [_contactable(row, veiled)._replace(is_main=place == 0) for place, row in enumerate(rows)]


def _contactable(row: dict[str, Any], hidden: Collection[str]) -> Contactable:
    def shown(name: str, channel: Channel | None = None) -> str:
        return "" if name in hidden or channel in row["refused"] else str(row[name])

    role = Stakeholder(row["stakeholder"])
    return Contactable(
        name=row["name"],
        role="" if role is Stakeholder.UNKNOWN else str(role.label),
        title=shown("title"),
        phone=shown("phone", Channel.PHONE),
        email=shown("email", Channel.EMAIL),
        refused=tuple(str(way.label) for way in (Channel.PHONE, Channel.EMAIL) if way in row["refused"] and row[way]),
        feeling=str(FEELINGS[feeling]) if (feeling := row["sentiment"] or 0) < 0 and "sentiment" not in hidden else "",
    )
