"""The fields that can be classed, as a table: what each is called, how it is classed, and what may be chosen for it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from django.utils.translation import gettext as _

from core.bulk import fetch_all
from core.enums import Role
from core.templatetags.cx import humane
from intake.enums import PrivacyClass
from intake.models import FieldPrivacy

# Work is ordered, routed and matched by these: whoever sees an account sees them. They can be kept from leaving.
ALWAYS_SEEN = {
    "accounts": ("name", "domain", "arr", "tier", "segment", "region", "stage", "renews_on", "parent", "people"),
    "contacts": ("name", "email", "stakeholder", "left_on", "do_not_contact"),
}
CAN_BE_HIDDEN = {"accounts": ("customer_since",), "contacts": ("phone", "title", "influence", "sentiment")}
# Fields of a customer's own are found in the data.
MOST_OWN = 100
OWN = "SELECT DISTINCT jsonb_object_keys(fields) AS name FROM accounts_account ORDER BY name LIMIT %s"


@dataclass(frozen=True)
class FieldLine:
    """One field: how it is classed, and whether seeing it can be restricted."""

    field: str
    label: str
    of: str
    can_be_hidden: bool
    privacy: PrivacyClass
    roles: list[str]
    may_leave: bool

    @property
    def role_words(self) -> str:
        return ", ".join(str(Role(role).label) for role in self.roles)

    @property
    def choices(self) -> list[tuple[str, str]]:
        return [
            (value, str(label)) for value, label in PrivacyClass.choices if self.can_be_hidden or value != "restricted"
        ]


def field_lines() -> list[FieldLine]:
    """Every field of accounts and contacts, those of one's own last. Two queries."""
    known = {row.field: row for row in FieldPrivacy.objects.all()}
    own = [f"fields.{name}" for (name,) in fetch_all(OWN, [MOST_OWN])]
    names = {
        "accounts": chain(ALWAYS_SEEN["accounts"], CAN_BE_HIDDEN["accounts"], own),
        "contacts": chain(ALWAYS_SEEN["contacts"], CAN_BE_HIDDEN["contacts"]),
    }
    labels = {"accounts": _("Account"), "contacts": _("Contact")}
    return [
        _line(kind, name, labels[kind], known.get(f"{kind}.{name}"))
        for kind, listed in names.items()
        for name in listed
    ]


def _line(kind: str, name: str, of: str, row: FieldPrivacy | None) -> FieldLine:
    return FieldLine(
        field=f"{kind}.{name}",
        label=humane(name.removeprefix("fields.")),
        of=of,
        can_be_hidden=name not in ALWAYS_SEEN[kind],
        privacy=PrivacyClass(row.privacy) if row else PrivacyClass.INTERNAL,
        roles=row.roles if row else [],
        may_leave=row.may_leave if row else True,
    )
