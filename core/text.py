"""Text from outside: what it may contain (TRUST.md).

Control, ANSI, bidi, zero-width and tag characters are taken out of every text that arrives; line breaks and tabs stay.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

_UNSAFE = re.compile(
    "\x1b\\[[0-9;?]*[ -/]*[@-~]|"  # ANSI sequences
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # controls
    "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\uffff"  # bidi, zero-width, specials
    "\U000e0000-\U000e0fff]"  # tags and variation selectors of plane 14
)
_loosely = msgspec.json.Decoder(float_hook=Decimal)
_exactly = msgspec.json.Encoder(decimal_format="number")


def clean_text(text: str) -> str:
    """`text` without what cannot be seen or changes how the rest is read."""
    return _UNSAFE.sub("", text)


def clean_json(raw: bytes) -> bytes:
    """One JSON value with all its strings cleaned; the same object when there is nothing to do.

    Numbers keep every digit. Raises msgspec.DecodeError or UnicodeDecodeError when `raw` is not JSON.
    """
    if _is_plain(raw):
        return raw
    return _exactly.encode(_clean(_loosely.decode(raw)))


def clean_items(raw: Sequence[bytes]) -> list[bytes]:
    """`clean_json` for each of many: mostly there is nothing to do for any."""
    return list(raw) if _is_plain(b"".join(raw)) else [clean_json(item) for item in raw]


def _is_plain(raw: bytes) -> bool:
    """Whether no string of `raw` can hold an unsafe character: JSON escapes all controls but DEL."""
    if b"\\" in raw or b"\x7f" in raw:
        return False
    return raw.isascii() or _UNSAFE.search(raw.decode()) is None


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {clean_text(key): _clean(item) for key, item in value.items()}
    return value


def plain(number: Decimal) -> str:
    """A decimal without trailing zeros or exponent."""
    return f"{number.normalize():f}"
