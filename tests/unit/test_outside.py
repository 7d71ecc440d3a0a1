"""Requests that leave: where they may go (`core.outside`). A canary on the own machine sees none of the others."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from core import outside
from core.outside import OutsideFailed, OutsideRefused, ask_outside, check_url

PUBLIC = ("93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946")
# Spellings of places inside, each as the host of a URL.
INSIDE = (
    # the own machine, in every spelling
    "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7f.0.0.1", "0x7f.0x0.0x0.0x1",
    "0177.0.0.1", "0177.0.0.01", "017700000001", "127.0.0.1.", "0.0.0.0", "0", "0x0", "00000000",  # noqa: S104
    "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[::1%25lo]",
    "127.0.0.1%00.example.com", "１２７.0.0.1", "①②⑦.0.0.1", "127。0。0。1",
    # private, shared, link-local, and what clouds keep there
    "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254", "192.168.0.1", "192.168.1.254", "100.64.0.1",
    "100.127.255.254", "100.100.100.200", "169.254.169.254", "169.254.0.1", "168.63.129.16", "3232235777",
    "0xc0a80001", "0251.0376.0251.0376", "[fe80::1]", "[fec0::1]", "[fc00::1]", "[fd00:ec2::254]", "[fd12:3456::1]",
    # reserved, documentation, benchmarks, many at once
    "0.1.2.3", "192.0.0.1", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.254", "198.51.100.7", "203.0.113.9",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "[ff02::1]", "[ff0e::1]", "[100::1]",
    "[2001:db8::1]", "[3fff::1]", "[5f00::1]",
    # an IPv4 address inside an IPv6 one
    "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]", "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2002:a9fe:a9fe::1]",
    "[2001:0:4136:e378:8000:63bf:3fff:fdd2]", "[2001:0:7f00:1::]", "[2001:20::1]",
)  # fmt: skip


class Canary:
    """A server on the own machine that counts who connects, and answers with `say`."""

    def __init__(self) -> None:
        self.connects, self.name = 0, ""
        self.requests: list[bytes] = []
        self.say: Callable[[socket.socket], None] = lambda peer: peer.sendall(b"HTTP/1.1 200 OK\r\n\r\nhello")
        self.context: ssl.SSLContext | None = None
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self.listening.accept()
            except OSError:
                return
            self.connects += 1
            threading.Thread(target=self._answer, args=(peer,), daemon=True).start()

    def _answer(self, peer: socket.socket) -> None:
        try:
            with self.context.wrap_socket(peer, server_side=True) if self.context else peer as spoken:
                self.requests.append(_request(spoken))
                self.say(spoken)
        except OSError:
            pass


def _request(peer: socket.socket) -> bytes:
    """All of a request: a peer that is closed with something unread resets the connection."""
    read = b""
    while b"\r\n\r\n" not in read and (more := peer.recv(65536)):
        read += more
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", read)
    missing = int(length[1]) - len(read.partition(b"\r\n\r\n")[2]) if length else 0
    while missing > 0 and (more := peer.recv(missing)):
        read, missing = read + more, missing - len(more)
    return read


@pytest.fixture
def canary() -> Iterator[Canary]:
    made = Canary()
    yield made
    made.listening.close()


@pytest.fixture
def strict(settings: Any) -> None:
    settings.CX_OUTBOUND_ALLOW = []


@pytest.fixture
def no_way_out(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Connections to public addresses fail at once; those to the own machine are real. The addresses tried."""
    tried: list[str] = []
    real = outside._reach

    def reach(address: outside.Address, port: int, seconds: float) -> socket.socket:
        tried.append(str(address))
        if not address.is_loopback:
            raise ConnectionRefusedError
        return real(address, port, seconds)

    monkeypatch.setattr(outside, "_reach", reach)
    return tried


def resolver(*answers: tuple[str, ...]) -> Callable[..., list[Any]]:
    """A name server that says something else each time it is asked, and in the end repeats itself."""
    left = list(answers)

    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        found = left.pop(0) if len(left) > 1 else left[0]
        return [(0, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    return look_up


def test_there_are_sixty_of_them() -> None:
    assert len(set(INSIDE)) >= 60


@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("host", INSIDE)
def test_nothing_inside_is_called(strict: None, canary: Canary, host: str, scheme: str) -> None:
    with pytest.raises((OutsideRefused, OutsideFailed)) as refused:
        ask_outside("GET", f"{scheme}://{host}:{canary.port}/")
    assert refused.type is OutsideRefused
    assert canary.connects == 0


def whole_addresses() -> Iterator[str]:
    """Those of INSIDE that a name server can answer with."""
    for host in INSIDE:
        with suppress(ValueError):
            yield str(ip_address(host.strip("[]")))


@pytest.mark.parametrize("address", list(whole_addresses()))
def test_a_name_of_a_place_inside_is_not_called(
    strict: None, canary: Canary, no_way_out: list[str], monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    for answer in ((address,), (PUBLIC[0], address), (address, PUBLIC[0])):
        monkeypatch.setattr("core.outside.socket.getaddrinfo", resolver(answer))
        with pytest.raises(OutsideRefused):
            ask_outside("GET", f"https://inner.example.com:{canary.port}/")
    assert (canary.connects, no_way_out) == (0, [])


def test_a_name_that_changes_its_mind_gains_nothing(
    strict: None, canary: Canary, no_way_out: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked once; the connection is made to the very address that was looked at."""
    monkeypatch.setattr("core.outside.socket.getaddrinfo", resolver((PUBLIC[0],), ("127.0.0.1",)))
    with pytest.raises(OutsideFailed):
        ask_outside("GET", f"https://rebinding.example.com:{canary.port}/")
    assert (canary.connects, no_way_out) == (0, [PUBLIC[0]])


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "//example.com/",
        "https://", "https:///path", "https://ana:secret@example.com/", "https://example.com:99999/",
        "https://example.com/a b", "https://example.com/\r\nX: y", "https://exämple.com/", "https://example.com\\@x/",
        "https://[::1", "https://localhost/", "https://-.example.com/", "https://" + "a" * 300 + ".example.com/", "",
    ],
)  # fmt: skip
def test_addresses_that_are_none(strict: None, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr("core.outside.socket.getaddrinfo", resolver(("127.0.0.1",)))
    with pytest.raises(OutsideRefused):
        ask_outside("GET", url)


@pytest.mark.parametrize("host", [PUBLIC[0], f"[{PUBLIC[1]}]", "example.com", "a_b.example.com", "x--y.example.com"])
def test_public_addresses_are_fine(strict: None, host: str) -> None:
    assert check_url(f"https://{host}:8443/x?y=1").path == "/x?y=1"


def test_the_operator_may_allow_a_place_inside(canary: Canary) -> None:
    answer = ask_outside("POST", f"http://127.0.0.1:{canary.port}/x?y", headers={"X-A": "b"}, body=b"{}")
    assert (answer.status, answer.body) == (200, b"hello")
    assert canary.requests[0].startswith(b"POST /x?y HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"X-A: b\r\n" in canary.requests[0]


def test_no_proxy_of_the_environment(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    assert ask_outside("GET", f"http://127.0.0.1:{canary.port}/").status == 200


def test_a_redirect_is_an_answer(canary: Canary) -> None:
    canary.say = lambda peer: peer.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n")
    assert ask_outside("GET", f"http://127.0.0.1:{canary.port}/").status == 302
    assert canary.connects == 1


@pytest.mark.parametrize("head", [b"", b"Content-Length: 3000000\r\n"])
def test_a_large_answer_is_refused(canary: Canary, head: bytes) -> None:
    canary.say = lambda peer: peer.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + b"x" * 3_000_000)
    with pytest.raises(OutsideRefused, match="larger"):
        ask_outside("GET", f"http://127.0.0.1:{canary.port}/")


def test_a_packed_answer_is_refused(canary: Canary) -> None:
    canary.say = lambda peer: peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nx")
    with pytest.raises(OutsideRefused, match="compressed"):
        ask_outside("GET", f"http://127.0.0.1:{canary.port}/")


def drip(start: bytes) -> Callable[[socket.socket], None]:
    def say(peer: socket.socket) -> None:
        peer.sendall(start)
        while True:
            peer.sendall(b"x")
            time.sleep(0.05)

    return say


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_byte_at_a_time_is_cut_off(canary: Canary, start: bytes) -> None:
    canary.say = drip(start)
    with pytest.raises(OutsideFailed):
        ask_outside("GET", f"http://127.0.0.1:{canary.port}/", seconds=0.3)


@pytest.mark.parametrize("half", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
def test_half_an_answer_is_none(canary: Canary, half: bytes) -> None:
    canary.say = lambda peer: peer.sendall(half)
    with pytest.raises(OutsideFailed):
        ask_outside("GET", f"http://127.0.0.1:{canary.port}/")


def test_a_header_cannot_carry_another(canary: Canary) -> None:
    with pytest.raises(OutsideRefused):
        ask_outside("GET", f"http://127.0.0.1:{canary.port}/", headers={"X-A": "b\r\nX-C: d"})
    assert canary.connects == 0


@pytest.fixture
def certified(canary: Canary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Canary:
    """The canary speaks TLS, with a certificate for hook.example.com that we trust; it notes what it is called."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=hook.example.com"
        f" -addext subjectAltName=DNS:hook.example.com -keyout {key} -out {certificate}"
    )
    subprocess.run(words.split(), check=True, capture_output=True)
    canary.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    canary.context.load_cert_chain(certificate, key)
    canary.context.sni_callback = lambda _socket, name, _context: setattr(canary, "name", name)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setattr("core.outside.socket.getaddrinfo", resolver(("127.0.0.1",)))
    return canary


def test_tls_is_for_the_name(certified: Canary, settings: Any) -> None:
    """Connected to the address, but the certificate, SNI and Host are the name's."""
    settings.CX_OUTBOUND_ALLOW = ["hook.example.com", "other.example.com"]
    assert ask_outside("GET", f"https://hook.example.com:{certified.port}/").body == b"hello"
    assert certified.name == "hook.example.com"
    assert f"Host: hook.example.com:{certified.port}".encode() in certified.requests[0]
    with pytest.raises(OutsideFailed, match="certificate"):
        ask_outside("GET", f"https://other.example.com:{certified.port}/")
