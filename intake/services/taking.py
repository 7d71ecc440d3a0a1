"""Taking records in: clean, decode, check, apply. The same for one item, a bulk call and a chunk of a file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _
from msgspec.structs import replace

from core.text import clean_items, clean_json
from intake.enums import Landing
from intake.rules import Arrival, Kind, Problem, Result
from intake.services.holding import hold, run_beside
from intake.services.kinds import screened
from intake.services.profiling import note_shipment

LARGEST_BATCH = 10_000
Problems = tuple[Problem, ...]


# What is left of an item without what is wrong with it (its index, the problems so far); None: it cannot be without.
Mend = Callable[[int, Problems], bytes | None]


def take(
    kind: Kind,
    raw_items: Sequence[bytes],
    arrival: Arrival,
    *,
    from_text: bool = False,
    is_replay: bool = False,
    mend: Mend = lambda index, problems: None,
) -> list[Result]:
    """Take each JSON item of `raw_items`; one result an item, in order, all of it committed together.

    from_text: numbers, times and so on may come as text (the cells of a file). is_replay: they came before, and are not
    counted as another call. mend: an item that can be taken
    without a part is, with a warning. What a source brings that runs beside another is held, not applied.
    """
    raw, items, problems = _decode_all(kind, raw_items, from_text)
    good: list[int] = []
    warned: dict[int, Problems] = {}
    for index, item in enumerate(items):
        found = problems[index] if item is None else kind.check(item, arrival.now)
        left: Problems = ()
        while found and (again := mend(index, (*left, found[0]))) is not None:
            left = (*left, found[0])
            [raw[index]], [items[index]], undecoded = _decode_each(kind, [again], from_text)
            found = undecoded[0] if undecoded else kind.check(items[index], arrival.now)
        if found:
            problems[index] = what_was_wrong(found, left)
            continue
        good.append(index)
        if left:
            warned[index] = left
    stopped = screened(kind, [items[index] for index in good], [raw[index] for index in good], arrival)
    for at, problem in stopped.items():
        problems[good[at]] = (problem,)
        warned.pop(good[at], None)
    good = [index for at, index in enumerate(good) if at not in stopped]
    with transaction.atomic(savepoint=False):  # who goes on after a failure has a savepoint of their own
        sound, bodies = [items[index] for index in good], [raw[index] for index in good]
        run = run_beside(arrival)
        applied = hold(kind, sound, bodies, arrival, run) if run else kind.apply(sound, bodies, arrival)
        taken = dict(zip(good, applied, strict=True))
        results = [taken.get(index) or Result(Landing.REJECTED, errors=problems[index]) for index in range(len(items))]
        for index, left in warned.items():
            results[index] = replace(results[index], warnings=(*left, *results[index].warnings))
        if arrival.import_id is None and not is_replay:  # of a file as a whole: `profiling`
            note_shipment(arrival, kind.name, counts_of(results))
    return results


def what_was_wrong(found: Problems, left: Problems) -> Problems:
    """Why an item is refused: where what it lacks is a part that was left out, what was wrong with that part."""
    wrong = {problem.field: problem for problem in reversed(left)}
    return tuple(wrong.get(problem.field, problem) for problem in found)


def counts_of(results: Sequence[Result]) -> dict[str, int]:
    """How many results have each status; statuses that do not occur are left out."""
    return {status.value: count for status, count in Counter(result.status for result in results).items()}


def external_id_of(raw: bytes) -> str:
    """What an item calls itself, as far as that can be read; `""` where it cannot."""
    try:
        found = _named.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""
    return found.external_id if isinstance(found.external_id, str) else ""


class _Named(msgspec.Struct):
    external_id: Any = ""


_named = msgspec.json.Decoder(_Named)
_Problems = dict[int, Problems]


def _decode_all(
    kind: Kind, raw_items: Sequence[bytes], from_text: bool
) -> tuple[list[bytes], list[Any | None], _Problems]:
    """Cleaned JSON, decoded items (None: could not be) and why not.

    The whole batch at once, since msgspec is fastest so; it stops at the first bad item, and then each is decoded
    on its own.
    """
    decoder = msgspec.json.Decoder(list[kind.struct], strict=not from_text)  # type: ignore[name-defined]
    try:
        raw = clean_items(raw_items)
        return raw, decoder.decode(b"[" + b",".join(raw) + b"]"), {}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _decode_each(kind, raw_items, from_text)


def _decode_each(
    kind: Kind, raw_items: Sequence[bytes], from_text: bool
) -> tuple[list[bytes], list[Any | None], _Problems]:
    decoder = msgspec.json.Decoder(kind.struct, strict=not from_text)
    raw: list[bytes] = []
    items: list[Any | None] = []
    problems: _Problems = {}
    for index, given in enumerate(raw_items):
        cleaned, item = given, None
        try:
            cleaned = clean_json(given)
            item = decoder.decode(cleaned)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            problems[index] = (problem_of(error),)
        raw.append(cleaned)
        items.append(item)
    return raw, items, problems


# --- What msgspec says, in words that tell what to do

_PATH = re.compile(r" - at `(?:key in )?\$?\.?(.*?)`$")
_ELEMENT = re.compile(r"\.?\[[^]]*\]")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`")
_MISSING = re.compile(r"Object missing required field `(.*)`")
_EXPECTED = re.compile(r"Expected `(.*)`, got `(.*)`")
_LIMIT = re.compile(r"Expected `[a-z |]+`( of length)? ([<>]=?) (-?[\d.]+)")
_LIMITS = {
    ("<=", True): "This is longer than %(n)s.",
    (">=", True): "This is shorter than %(n)s.",
    ("<=", False): "Send at most %(n)s.",
    (">=", False): "Send at least %(n)s.",
    ("<", False): "Send less than %(n)s.",
    (">", False): "Send more than %(n)s.",
}
_NAMES = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number such as 0.93",
    "bool": "true or false",
    "datetime": "a time such as 2026-11-22T06:00:00Z",
    "date": "a date such as 2026-11-22",
    "array": "a list",
    "object": "a JSON object",
    "null": "null",
    "uuid": "an id",
}
_FIXED = (
    ("Invalid decimal string", "not_a_number", "This is not a number. Send digits only, such as 0.93."),
    ("with a timezone component", "no_time_zone", "Give the time with its zone, such as 2026-11-22T06:00:00Z."),
    ("Invalid RFC3339 encoded datetime", "not_a_time", "Write the time as 2026-11-22T06:00:00Z."),
    ("Invalid RFC3339 encoded date", "not_a_date", "Write the date as 2026-11-22."),
    ("Invalid UUID", "not_an_id", "This is not one of our ids."),
    ("Number out of range", "out_of_range", "This number is too large."),
)


def problem_of(error: Exception) -> Problem:
    """Why an item could not be decoded, with the field's dotted name."""
    text = str(error)
    if not isinstance(error, msgspec.ValidationError):
        return Problem("", "malformed", _("This is not valid JSON. NaN and Infinity are not JSON either."))
    place = _PATH.search(text)
    path = _ELEMENT.sub("", place.group(1)) if place else ""
    text = text[: place.start()] if place else text
    for pattern, code, words in (
        (_UNKNOWN, "unknown_field", _("The field “%s” is not known. Leave it out or mend its name.")),
        (_MISSING, "required", _("The field “%s” is missing.")),
    ):
        named = pattern.fullmatch(text)
        if named:
            name = named.group(1)
            return Problem(f"{path}.{name}".lstrip("."), code, words % name)
    if "matching regex" in text:
        is_currency = path.rpartition(".")[2] == "currency"
        words = (
            _("A currency is three letters, such as USD.")
            if is_currency
            else _("This is a name of letters, digits, - and _ without spaces, such as usage_drop.")
        )
        return Problem(path, "wrong_form", words)
    for sign, code, words in _FIXED:
        if sign in text:
            return Problem(path, code, _(words))
    return Problem(path, "invalid", _expected(text))


def _expected(text: str) -> str:
    found = _EXPECTED.fullmatch(text)
    limit = _LIMIT.fullmatch(text)
    if limit:
        most, is_size = limit[3], bool(limit[1])
        if limit[2] == ">=" and is_size and most == "1":
            return _("This is blank.")
        return _(_LIMITS[limit[2], is_size]) % {"n": most}
    if found is None:
        return text.replace("`", "") + "."
    wanted = " | ".join(_NAMES.get(name, name) for name in found.group(1).split(" | "))
    return _("This must be %(wanted)s, not %(got)s.") % {
        "wanted": wanted.replace(" | ", _(" or ")),
        "got": _NAMES.get(found.group(2), found.group(2)),
    }
