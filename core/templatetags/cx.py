"""How money, confidence and people's names are written on a page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from django import template
from django.utils import formats
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

register = template.Library()

SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}
# What is written in capitals, of the slugs that people give to tiers, regions and segments; and all of two letters.
ABBREVIATED = {"emea", "apac", "amer", "latam", "dach", "mea", "anz", "row", "usa", "gcc", "smb", "sme", "vip", "b2b"}
# Fields whose names say it otherwise than people do.
KNOWN = {
    "arr": gettext_lazy("Revenue a year"), "email": gettext_lazy("E-mail"), "renews_on": gettext_lazy("Term ends"),
    "payload": gettext_lazy("As it arrived"), "landed_at": gettext_lazy("Arrived"),
    "account__name": gettext_lazy("Account"), "at": gettext_lazy("When"),
}  # fmt: skip
# Behind these a long id may go on in the next line.
JOINTS = re.compile(r"(?<=[.@/_])(?=\w)")
TEN = Decimal("9.95")  # what is written as ten
SHORT = ((Decimal(1_000_000), "m"), (Decimal(1_000), "k"))


def to_decimal(value: object) -> Decimal | None:
    """The number in `value`, or None where there is none."""
    try:
        return Decimal(str(value)) if value not in (None, "") else None
    except InvalidOperation:
        return None


@register.filter
def money(value: object, currency: str = "") -> str:
    """An amount rounded to units, such as "$84,000"; "unknown" where there is none."""
    amount = to_decimal(value)
    if amount is None:
        return _("unknown")
    return _signed(formats.number_format(amount.quantize(Decimal(1)), force_grouping=True), currency)


@register.filter
def in_days(days: int) -> str:
    """A day that is so many days ahead, such as "in 3 days"; "today" where it is none."""
    return ngettext("in %(n)d day", "in %(n)d days", days) % {"n": days} if days else _("today")


@register.filter
def days_back(days: int) -> str:
    """A day that was so many days ago, such as "3 days ago"; "today" where it is none."""
    return ngettext("%(n)d day ago", "%(n)d days ago", days) % {"n": days} if days else _("today")


@register.filter
def short_money(value: object, currency: str = "") -> str:
    """An amount rounded to two or three digits, such as "$84k" or "$1.2m"."""
    amount = to_decimal(value)
    if amount is None:
        return _("unknown")
    for size, letter in SHORT:
        scaled = amount / size
        scaled = scaled.quantize(Decimal("0.1") if scaled < TEN else Decimal(1), ROUND_HALF_UP)
        if scaled >= 1:
            digits = 1 if scaled % 1 else 0
            return _signed(f"{formats.number_format(scaled, digits)}{letter}", currency)
    return _signed(formats.number_format(amount.quantize(Decimal(1), ROUND_HALF_UP), 0), currency)


@register.filter
def percent(value: object) -> str:
    """A share of one as a whole percentage, such as "93 %"; never rounded up to 100 or down to 0."""
    share = to_decimal(value)
    if share is None:
        return _("unknown")
    whole = round(share * 100)
    if share < 1 and whole == 100:
        return _("over 99 %")
    return f"{whole} %"


@register.filter
def initials(name: object) -> str:
    """The first letters of the first and the last word."""
    words = str(name).split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


@register.filter
def breakable(text: object) -> SafeString:
    """A domain, address or id that may go on in the next line after its dots and signs, not in the midst of a word."""
    return format_html_join(SafeString("<wbr>"), "{}", ((part,) for part in JOINTS.split(str(text))))


@register.filter
def under(mapping: Mapping[Any, Any], key: object) -> Any:
    """What `mapping` holds under `key`; None where it holds nothing."""
    return mapping.get(key)


@register.filter
def humane(name: object) -> str:
    """The name of a field as words: "seats_used" is "Seats used"."""
    if known := KNOWN.get(str(name)):
        return str(known)
    words = str(name).replace("_", " ").replace(".", ": ")
    return words[:1].upper() + words[1:]


@register.filter
def words_of(slug: str) -> str:
    """A tier, region, stage or segment as words: "mid-market" is "Mid-market", "emea" is "EMEA"."""
    is_abbreviated = len(slug) <= 2 or slug.lower() in ABBREVIATED
    return slug.upper() if is_abbreviated else capfirst(slug.replace("_", " "))


@register.filter
def place_of(slug: str) -> str:
    """A region as words: "united-kingdom" is "United Kingdom", "emea" is "EMEA"."""
    return " ".join(words_of(word) if at == 0 or len(word) > 2 else word for at, word in enumerate(slug.split("-")))


def _signed(number: str, currency: str) -> str:
    sign = SIGNS.get(currency)
    if sign:
        return f"{sign}{number}"
    return f"{currency} {number}".strip()
