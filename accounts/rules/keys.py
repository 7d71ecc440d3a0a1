"""By what a record may be matched, as it is looked up: one key for each rung of the ladder that it can reach. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from accounts.enums import Evidence
from accounts.rules.alike import Part, Parts, parts_of
from accounts.rules.identity import identifying_domain, is_placeholder, registrable_domain

Said = Mapping[str, Any]
Keys = Mapping[Evidence, str]

# Of a phone number the last signs count: country codes and trunk zeros come before them, and are written in many ways.
PHONE_SIGNS, FEWEST_SIGNS = 9, 7
# What is longer is text, not a key.
LONGEST = 200


def keys_of(said: Said) -> dict[Evidence, str]:
    """What identifies the record; `said`: field → value, as sayings are kept. Placeholders identify nobody."""
    parts = parts_of(said)
    made = ((rule, make(said, parts)) for rule, make in MAKERS.items())
    return {rule: key for rule, key in made if key and len(key) <= LONGEST}


def email_key(text: str) -> str:
    email = text.strip().lower()
    return "" if email.count("@") != 1 or is_placeholder(email.partition("@")[0]) else email


def phone_key(text: str) -> str:
    digits = re.sub(r"\D", "", text)
    return digits[-PHONE_SIGNS:] if len(digits) >= FEWEST_SIGNS and digits.strip("0") else ""


def _text(said: Said, field: str) -> str:
    return str(said.get(field) or "")


def _subscription(said: Said, parts: Parts) -> str:
    subscription = _text(said, "fields.subscription_id").strip()
    return "" if is_placeholder(subscription) else subscription


def _email(said: Said, parts: Parts) -> str:
    return email_key(_text(said, "fields.email"))


def _domain(said: Said, parts: Parts) -> str:
    """Its own, else its e-mail's; free mail is nobody's."""
    own = identifying_domain(_text(said, "domain"))
    return registrable_domain(own or identifying_domain(_email(said, parts)))


def _phone(said: Said, parts: Parts) -> str:
    return phone_key(_text(said, "fields.phone"))


def _born_on(said: Said, parts: Parts) -> str:
    """With the postcode: a birth date alone is shared by ever more people, the more there are."""
    born, postcode = parts.get(Part.BORN_ON), parts.get(Part.POSTCODE)
    return f"{born} {postcode}" if born and postcode else ""


def _address(said: Said, parts: Parts) -> str:
    """A street with its number, and the postcode, whatever the order of words."""
    street, postcode = parts.get(Part.STREET, ""), parts.get(Part.POSTCODE)
    return f"{' '.join(sorted(street.split()))} {postcode}" if postcode and re.search(r"\d", street) else ""


MAKERS: dict[Evidence, Callable[[Said, Parts], str]] = {
    Evidence.SUBSCRIPTION: _subscription,
    Evidence.TAX_ID: lambda said, parts: parts.get(Part.TAX_ID, ""),
    Evidence.EMAIL: _email,
    Evidence.DOMAIN: _domain,
    Evidence.PHONE: _phone,
    Evidence.BORN_ON: _born_on,
    Evidence.ADDRESS: _address,
}
# What a link may be matched by is kept in a column of each name.
NAMES = [rule.value for rule in MAKERS]
