"""What may identify an account, and how it is written. Pure."""

from __future__ import annotations

import re
from uuid import UUID

from accounts.enums import KeyKind

Ref = tuple[UUID | None, str, str]
"""(namespace, kind of key, value): how a record names the account it is about."""

# Values that systems write where they know no id: they would join strangers (INTAKE.md, Identity).
PLACEHOLDER = re.compile(r"^(?:[0-]*|-1|null|nil|n/?a|none|test|anonymous|unknown|undefined)$", re.IGNORECASE)

# Mailboxes of private people: such a domain belongs to nobody's company.
FREE_MAIL = frozenset({
    "aol.com", "duck.com", "fastmail.com", "free.fr", "gmail.com", "gmx.com", "gmx.de", "gmx.net", "googlemail.com",
    "hey.com", "hotmail.co.uk", "hotmail.com", "hotmail.fr", "icloud.com", "laposte.net", "libero.it", "live.com",
    "mac.com", "mail.com", "mail.ru", "me.com", "msn.com", "orange.fr", "outlook.com", "pm.me", "proton.me",
    "protonmail.com", "qq.com", "t-online.de", "uol.com.br", "web.de", "yahoo.co.uk", "yahoo.com", "yahoo.fr",
    "yandex.ru", "ymail.com", "zoho.com", "126.com", "163.com",
})  # fmt: skip
_DOMAIN = re.compile(r"^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$")


def is_placeholder(value: str) -> bool:
    """Whether `value` is what a system writes when it has no id."""
    return PLACEHOLDER.match(value.strip()) is not None


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
    return None if is_placeholder(value) else (namespace, kind, value)
