"""The bodies that client libraries of Segment and PostHog send: unpacked, and taken apart into messages. Pure."""

from __future__ import annotations

import zlib
from base64 import b64decode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

LARGEST_BODY = 6 * 1024 * 1024
GZIP = b"\x1f\x8b"


class BodyRefused(Exception):
    """The body cannot be read at all; `status` of the answer, `code` for programs."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass(frozen=True)
class Envelope:
    """What came in one call: messages as they came, the key that the body names (`""`: none), the sender's clock."""

    messages: list[bytes]
    key: str = ""
    sent_at: datetime | None = None


def unpack(body: bytes, encoding: str = "") -> bytes:
    """The body as text, of at most `LARGEST_BODY` bytes; packed ones are known by `encoding` or by how they begin.

    Raises `BodyRefused`.
    """
    if len(body) > LARGEST_BODY:
        raise too_large()
    if not body.startswith(GZIP):
        if "gzip" in encoding.lower():
            raise BodyRefused(400, "invalid_gzip", "The body is said to be gzip, and is not.")
        return body
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        text = unpacker.decompress(body, LARGEST_BODY + 1)
    except zlib.error:
        raise BodyRefused(400, "invalid_gzip", "The body is not valid gzip.") from None
    if len(text) > LARGEST_BODY or unpacker.unconsumed_tail:
        raise too_large()
    if not unpacker.eof:
        raise BodyRefused(400, "invalid_gzip", "The gzip body ends too early.")
    return text


def too_large() -> BodyRefused:
    most = LARGEST_BODY // 1024**2
    return BodyRefused(413, "too_large", f"The body has more than {most} MiB unpacked. Send smaller batches.")


def open_envelope(body: bytes, verb: str) -> Envelope:
    """The messages of a batch, or the one message that a call of `verb` (track, …) is. Raises `BodyRefused`."""
    if verb == "batch" and (usual := _usual(body)):
        return usual
    try:
        fields = _anything.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BodyRefused(400, "invalid_json", "The body is not valid JSON.") from None
    if not isinstance(fields, dict):
        return Envelope([bytes(one) for one in fields] if isinstance(fields, list) else [body])
    key = _text(fields.get("writeKey")) or _text(fields.get("api_key"))
    sent_at = _moment(fields.get("sentAt")) or _moment(fields.get("sent_at"))
    if verb != "batch":
        fields.setdefault("type", msgspec.Raw(b'"' + verb.encode() + b'"'))
        return Envelope([_encode(fields)], key, sent_at)
    try:
        return Envelope([bytes(one) for one in _list.decode(fields["batch"])], key, sent_at)
    except (KeyError, msgspec.ValidationError):
        return Envelope([body], key, sent_at)


def key_of(authorization: str, envelope_key: str) -> str:
    """The write key: the user of Basic, else Bearer, else what the body names."""
    scheme, _space, rest = authorization.strip().partition(" ")
    if scheme.lower() == "basic":
        try:
            found = b64decode(rest.strip(), validate=True).decode().partition(":")[0].strip()
        except ValueError:
            found = ""
        return found or envelope_key
    return (rest.strip() if scheme.lower() == "bearer" else "") or envelope_key


class _Usual(msgspec.Struct):
    """A batch as the clients write it, which is read once over."""

    batch: list[msgspec.Raw]
    write_key: str = msgspec.field(name="writeKey", default="")
    api_key: str = ""
    sent_at: datetime | None = msgspec.field(name="sentAt", default=None)
    sent_at_: datetime | None = msgspec.field(name="sent_at", default=None)


def _usual(body: bytes) -> Envelope | None:
    """The envelope of a batch without anything odd about it."""
    try:
        found = _batch.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    key = found.write_key.strip() or found.api_key.strip()
    return Envelope([bytes(one) for one in found.batch], key, _aware(found.sent_at or found.sent_at_))


_batch = msgspec.json.Decoder(_Usual)
_anything = msgspec.json.Decoder(dict[str, msgspec.Raw] | list[msgspec.Raw] | str | int | float | bool | None)
_list = msgspec.json.Decoder(list[msgspec.Raw])
_encode = msgspec.json.Encoder().encode


def _text(raw: msgspec.Raw | None) -> str:
    value = _decoded(raw, str)
    return value.strip() if isinstance(value, str) else ""


def _moment(raw: msgspec.Raw | None) -> datetime | None:
    value = _decoded(raw, datetime)
    return _aware(value) if isinstance(value, datetime) else None


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def _decoded(raw: msgspec.Raw | None, kind: Any) -> Any:
    try:
        return None if raw is None else msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
