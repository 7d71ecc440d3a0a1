"""Every request that leaves: to public addresses only, over TLS, once, in seconds, and with a small answer (TRUST.md).

A name is resolved once; every address it has is checked, and the connection is made to one of those very addresses, so
that a name that changes its mind between the look and the leap gains nothing. There are no redirects, no proxies of the
environment, no compressed answers. What an operator names in `CX_OUTBOUND_ALLOW` may lie inside, and be plain HTTP.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from time import monotonic
from typing import BinaryIO, NamedTuple
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

SECONDS = 10.0
LARGEST = 1024 * 1024
BLOCK = 64 * 1024
LONGEST_URL = 2000
AGENT = "cx-ops/1"

Address = IPv4Address | IPv6Address

# Networks without public hosts (IANA's special-purpose registries), and the one public address that a cloud keeps for
# its own machines. Of IPv6 only global unicast is let through, without what wraps an IPv4 address.
INNER_4 = [
    ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
    )
]  # fmt: skip
GLOBAL_6 = ip_network("2000::/3")
INNER_6 = [
    ip_network(text)
    for text in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
]  # fmt: skip
NAME = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")


class OutsideRefused(Exception):
    """The address may not be called, or its answer not taken; says why and what to do."""


class OutsideFailed(Exception):
    """There was no whole answer: no such name, no connection, too slow."""


class Target(NamedTuple):
    """Where a URL points to, checked: `host` as a name or an address without brackets."""

    scheme: str
    host: str
    port: int
    path: str


@dataclass(frozen=True)
class Answer:
    """What came back; names of headers are in lower case. `body` is empty where it went into a file."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def check_url(url: str) -> Target:
    """Where `url` points to. Raises `OutsideRefused` for what can be seen without asking a name server."""
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url or len(url) > LONGEST_URL:
        raise OutsideRefused(_("Write the address in plain letters, up to 2,000 of them, a foreign name as xn--…"))
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise OutsideRefused(_("This is not an address such as https://example.com/path.")) from None
    literal = _literal(host)
    if parts.scheme not in ("http", "https") or (literal is None and not NAME.fullmatch(host)):
        raise OutsideRefused(_("This is not an address such as https://example.com/path."))
    if parts.username is not None or parts.password is not None:
        raise OutsideRefused(_("Leave name and password out of the address: give them as a header."))
    if parts.scheme == "http" and not _may_be_inner(host):
        raise OutsideRefused(_("Use https: over plain http anybody on the way reads along."))
    if literal is not None:
        _check_address(host, literal)
    return Target(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), _path(parts))


def ask_outside(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    seconds: float = SECONDS,
    largest: int = LARGEST,
    into: BinaryIO | None = None,
) -> Answer:
    """Send one request and read its answer, of at most `largest` bytes, all within `seconds`.

    With `into` the body of a 200 is written there. Raises `OutsideRefused` and `OutsideFailed`.
    """
    ends = monotonic() + seconds
    target = check_url(url)
    sent = _checked_headers(headers or {})
    addresses = _resolve(target, ends)
    with _connected(target, addresses, ends) as connection, _cut_off(connection, ends):
        try:
            connection.request(method, target.path, body=body, headers=sent)
            answer = _read(connection.getresponse(), largest, into)
            _left(ends)  # a socket that was shut looks like an answer that ends
        except (OSError, http.client.HTTPException, ValueError) as error:
            late = monotonic() >= ends
            text = _("No whole answer within %(n)s seconds.") % {"n": f"{seconds:g}"} if late else _words(error)
            raise OutsideFailed(text) from error
    return answer


def is_public(address: Address) -> bool:
    """Whether anybody on the Internet could be reached under it, and nobody inside."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in INNER_4)
    if address.scope_id or address.ipv4_mapped or address not in GLOBAL_6:
        return False
    return not any(address in network for network in INNER_6)


def _literal(host: str) -> Address | None:
    """`host` as an address in the one usual spelling; decimal, octal and short forms are no names either."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def _path(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _may_be_inner(host: str) -> bool:
    return host in settings.CX_OUTBOUND_ALLOW


def _check_address(host: str, address: Address) -> None:
    if not is_public(address) and not _may_be_inner(host):
        raise OutsideRefused(
            _("%(host)s lies inside a network, where nothing is called. The operator can allow it: CX_OUTBOUND_ALLOW.")
            % {"host": host}
        )


def _checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not HEADER.fullmatch(name) or not value.isascii() or not value.isprintable():
            raise OutsideRefused(_("The header %(name)s holds what no header may hold.") % {"name": name[:40]})
    return {"User-Agent": AGENT, "Accept-Encoding": "identity", "Connection": "close", **headers}


def _resolve(target: Target, ends: float) -> list[Address]:
    """Every address of the host, asked for once. Raises when any of them is not public."""
    literal = _literal(target.host)
    found = [literal] if literal else _look_up(target, ends)
    for address in found:
        _check_address(target.host, address)
    return found


def _look_up(target: Target, ends: float) -> list[Address]:
    asking = ThreadPoolExecutor(1, "resolve")  # the system's resolver knows no time-out
    try:
        answer = asking.submit(socket.getaddrinfo, target.host, target.port, type=socket.SOCK_STREAM)
        found = answer.result(max(ends - monotonic(), 0))
    except (OSError, UnicodeError, TooLate):
        raise OutsideFailed(_("No address was found for %(host)s.") % {"host": target.host}) from None
    finally:
        asking.shutdown(wait=False, cancel_futures=True)
    return list(dict.fromkeys(ip_address(str(entry[4][0])) for entry in found))


class _Plain(http.client.HTTPConnection):
    """A connection over a socket that is there already; it never makes one itself."""

    def connect(self) -> None:
        raise OSError("the connection is gone")


@contextmanager
def _connected(target: Target, addresses: list[Address], ends: float) -> Iterator[http.client.HTTPConnection]:
    """A connection to one of the very addresses that were checked; TLS is checked for the name."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    connection = _Plain(host, target.port)
    connection.default_port = 443 if target.scheme == "https" else 80
    try:
        connection.sock = _socket(target, addresses, ends)
        yield connection
    finally:
        connection.close()


def _socket(target: Target, addresses: list[Address], ends: float) -> socket.socket:
    problem: Exception = OSError("no address")
    for address in addresses:
        made: socket.socket | None = None
        try:
            made = _reach(address, target.port, _left(ends))
            made.settimeout(_left(ends))
            if target.scheme == "https":
                made = ssl.create_default_context().wrap_socket(made, server_hostname=target.host)
        except OSError as error:
            if made is not None:
                made.close()
            problem = error
        else:
            return made
    raise OutsideFailed(_words(problem)) from problem


def _reach(address: Address, port: int, seconds: float) -> socket.socket:
    """A socket to this address; unlike `create_connection` it asks no name server again."""
    made = socket.socket(socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET)
    try:
        made.settimeout(seconds)
        made.connect((str(address), port))
    except BaseException:
        made.close()
        raise
    return made


@contextmanager
def _cut_off(connection: http.client.HTTPConnection, ends: float) -> Iterator[None]:
    """Shut the socket when the time is up: a server that drips a byte a second would wait out any other time-out."""
    held = connection.sock

    def shut() -> None:
        with suppress(OSError):
            held.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(_left(ends), shut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _read(response: http.client.HTTPResponse, largest: int, into: BinaryIO | None) -> Answer:
    headers = {name.lower(): value for name, value in response.getheaders()}
    if headers.get("content-encoding", "identity") != "identity":
        raise OutsideRefused(_("The answer is compressed, which was not asked for."))
    wanted = into if response.status == http.HTTPStatus.OK else None
    size, kept = 0, bytearray()
    while block := response.read1(BLOCK):
        size += len(block)
        if size > largest:
            raise OutsideRefused(_("The answer is larger than %(n)s kB.") % {"n": largest // 1024})
        wanted.write(block) if wanted else kept.extend(block)
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return Answer(response.status, headers, bytes(kept))


def _left(ends: float) -> float:
    left = ends - monotonic()
    if left <= 0:
        raise TimeoutError(_("too slow"))
    return left


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _("Its certificate is not valid: %(why)s.") % {"why": error.verify_message}
    if isinstance(error, TimeoutError):
        return _("No answer in time.")
    if isinstance(error, ConnectionRefusedError):
        return _("Nothing answers at this address.")
    return _("No connection, or none that answers: %(why)s.") % {"why": type(error).__name__}
