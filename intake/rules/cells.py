"""How the cells of a column are written, and what they say: dates, numbers, yes and no, ids. Pure.

A column has one form, found from its cells (`infer`) or chosen by a person, and a cell that does not fit is refused
(`Unreadable`), never guessed at by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from intake.rules.sorts import Sort

Read = Callable[[str], Any]
_json = msgspec.json.Decoder(msgspec.Raw)
AS_IT_IS = ""
ISO, YMD, DMY, MDY, NAMED, EXCEL, UNIX = "iso", "ymd", "dmy", "mdy", "named", "excel", "unix"
POINT, COMMA = "point", "comma"
SALESFORCE = "salesforce"
PERCENT, THOUSANDS, MILLIONS, CENTS = "percent", "thousands", "millions", "cents"

# What a form looks like, for people.
LOOKS = {
    ISO: "2026-11-22T06:00:00Z", YMD: "2026-11-22", DMY: "22/11/2026", MDY: "11/22/2026", NAMED: "22 Nov 2026",
    EXCEL: "46348 (Excel)", UNIX: "1795327200 (Unix)", POINT: "1,234.56", COMMA: "1.234,56", SALESFORCE: "15 → 18",
}  # fmt: skip
DATE_FORMS = (ISO, YMD, DMY, MDY, NAMED, EXCEL, UNIX)
NUMBER_FORMS = (AS_IT_IS, POINT, COMMA)
FACTORS = {
    PERCENT: Decimal("0.01"), THOUSANDS: Decimal(1000), MILLIONS: Decimal(1_000_000), CENTS: Decimal("0.01"),
}  # fmt: skip
FORMS = {
    Sort.DATE: DATE_FORMS, Sort.MOMENT: DATE_FORMS, Sort.NUMBER: NUMBER_FORMS, Sort.WHOLE: NUMBER_FORMS,
    Sort.TEXT: (AS_IT_IS, SALESFORCE),
}  # fmt: skip


class Unreadable(ValueError):
    """A cell is not written as its column is; `code` and words for the person who mends it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Found(NamedTuple):
    """How a column seems to be written; `ask`: its cells fit more than one form, and it makes a difference."""

    form: str = AS_IT_IS
    unit: str = ""
    ask: bool = False


def reader(sort: Sort, *, form: str = "", unit: str = "", zone: str = "", currency: str = "") -> Read | None:
    """What turns a cell into the text that its field takes; None where it is taken as it is.

    currency: of the sums in the column; a cell in another one is refused.
    Raises `Unreadable` from the reader for a cell that does not fit, `ZoneInfoNotFoundError` for an unknown zone.
    """
    if sort in (Sort.DATE, Sort.MOMENT):
        return _date_reader(sort, form, zone)
    if sort in (Sort.NUMBER, Sort.WHOLE):
        return _number_reader(form, unit, currency)
    if sort is Sort.TRUTH:
        return _truth
    if sort is Sort.CHOICE:
        return _choice
    return _long_id if form == SALESFORCE else None


def infer(sort: Sort, samples: Sequence[str], *, semicolons: bool = False) -> Found:
    """How a column with these cells seems to be written. `semicolons`: the file's cells are apart by ;."""
    cells = [cell.strip() for cell in samples if cell.strip()]
    if not cells:
        return Found(ISO if sort in (Sort.DATE, Sort.MOMENT) else AS_IT_IS)
    if sort in (Sort.DATE, Sort.MOMENT):
        return _infer_dates(sort, cells)
    if sort in (Sort.NUMBER, Sort.WHOLE):
        return _infer_numbers(cells, semicolons=semicolons)
    if sort is Sort.TEXT and all(_SALESFORCE_ID.fullmatch(cell) for cell in cells):
        return Found(SALESFORCE)
    return Found()


def read_json(cell: str) -> Any:
    """The cell's JSON. Raises `Unreadable`."""
    try:
        return _json.decode(cell.encode())
    except (msgspec.MsgspecError, RecursionError):
        raise Unreadable("not_json", 'This is not valid JSON, such as {"seats": 5}.') from None


def listed(cell: str) -> list[str]:
    """The parts of a cell that lists things as people write them: apart by ; or • or each on a line."""
    return [part for text in re.split(r"[;•\n\r]+", cell) if (part := text.strip().removeprefix("- ").strip())]


def zone_of(name: str) -> tzinfo:
    """The zone of that name; `""` is UTC. Raises `ZoneInfoNotFoundError`."""
    if name.upper() in ("", "UTC", "GMT", "Z"):
        return UTC
    offset = re.fullmatch(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?", name.strip(), re.IGNORECASE)
    if offset:
        sign = 1 if offset[1] == "+" else -1
        return timezone(sign * timedelta(hours=int(offset[2]) % 24, minutes=int(offset[3] or 0) % 60))
    try:
        return ZoneInfo(name)
    except ValueError as error:
        raise ZoneInfoNotFoundError(name) from error


# --- Dates

_CLOCK = r"(?:[T ,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([AaPp]\.?[Mm]\.?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?)?"
_NUMERIC = re.compile(r"(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})" + _CLOCK)
_WORDED = re.compile(r"(?:(\d{1,2})[-/. ]+([A-Za-z]{3,9})|([A-Za-z]{3,9})\.?[- ]+(\d{1,2}))[-/., ]+(\d{2,4})" + _CLOCK)
_STRICT = re.compile(r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2}))?")
_SERIAL = re.compile(r"\d{4,6}(?:\.\d+)?")
_EPOCH = re.compile(r"\d{9,10}|\d{12,13}")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ORDER = {YMD: (0, 1, 2), DMY: (2, 1, 0), MDY: (2, 0, 1)}
_EXCEL_DAY_0 = datetime(1899, 12, 30)  # noqa: DTZ001 - a calendar day; Excel knows no zone
_EXCEL_ZERO = "1900-01-02"
ZERO = "This is not a date: it is what a spreadsheet shows for an empty cell or a zero."
_SERIALS = (15_000, 80_000)  # the years 1941 to 2119


def _date_reader(sort: Sort, form: str, zone: str) -> Read:
    place = zone_of(zone)
    strict = _STRICT.fullmatch

    def read(cell: str) -> str:
        if form in (AS_IT_IS, ISO) and strict(cell):
            if cell < _EXCEL_ZERO:
                raise Unreadable("not_a_date", ZERO)
            if sort is Sort.DATE:
                return cell[:10]
            if len(cell) > 10:
                return cell
        moment = _moment(cell, form if form not in (AS_IT_IS, ISO) else YMD)
        if moment is None:
            raise Unreadable("not_a_date", _like(form))
        if moment.year <= 1900 and moment.date().isoformat() < _EXCEL_ZERO:
            raise Unreadable("not_a_date", ZERO)
        if sort is Sort.DATE:
            return moment.date().isoformat()
        return (moment if moment.tzinfo else moment.replace(tzinfo=place)).astimezone(UTC).isoformat()

    return read


def _like(form: str) -> str:
    return f"This is not a date such as {LOOKS.get(form, LOOKS[YMD])}, which this column is read as."


def _moment(cell: str, form: str) -> datetime | None:
    """The moment that a cell names under a form, with a zone where it names one; None where it does not fit."""
    try:
        if form in (EXCEL, UNIX):
            return _counted(cell, form)
        return _named(cell) if form == NAMED else _numeric(cell, form)
    except (ValueError, OverflowError):
        return None


def _counted(cell: str, form: str) -> datetime | None:
    if form == EXCEL:
        fits = _SERIAL.fullmatch(cell) and _SERIALS[0] <= float(cell) <= _SERIALS[1]
        return _EXCEL_DAY_0 + timedelta(seconds=round(float(cell) * 86400)) if fits else None
    if not _EPOCH.fullmatch(cell):
        return None
    return datetime.fromtimestamp(int(cell) / (1000 if len(cell) > 10 else 1), UTC)


def _numeric(cell: str, form: str) -> datetime | None:
    match = _NUMERIC.fullmatch(cell)
    if match is None:
        return None
    parts = (match[1], match[3], match[4])
    year, month, day = (parts[at] for at in _ORDER[form])
    if len(year) not in (2, 4) or len(month) > 2 or len(day) > 2:
        return None
    return _put_together(_year(year), int(month), int(day), match.groups()[4:])


def _named(cell: str) -> datetime | None:
    match = _WORDED.fullmatch(cell)
    if match is None:
        return None
    name = (match[2] or match[3]).lower()[:3]
    if name not in _MONTHS:
        return None
    return _put_together(_year(match[5]), _MONTHS.index(name) + 1, int(match[1] or match[4]), match.groups()[5:])


def _year(text: str) -> int:
    year = int(text)
    return year if len(text) == 4 else year + (2000 if year < 70 else 1900)


def _put_together(year: int, month: int, day: int, clock: Sequence[str | None]) -> datetime:
    hour, minute, second, half, zone = clock
    hours = int(hour or 0)
    if half:
        hours = hours % 12 + (12 if half[0] in "Pp" else 0)
    place = zone_of(zone) if zone else None
    return datetime(year, month, day, hours, int(minute or 0), int(second or 0), tzinfo=place)


def _infer_dates(sort: Sort, cells: Sequence[str]) -> Found:
    """The form that most cells fit; day and month the other way round are asked about."""
    if all(_STRICT.fullmatch(cell) and (sort is Sort.DATE or len(cell) > 10) for cell in cells):
        return Found(ISO)
    fits = {form: sum(_moment(cell, form) is not None for cell in cells) for form in DATE_FORMS[1:]}
    best = max(fits, key=lambda form: fits[form])
    if fits[best] * 2 < len(cells):
        return Found(ISO)
    if best in (DMY, MDY) and fits[DMY] == fits[MDY]:
        return Found(DMY, ask="." not in cells[0] and any(_moment(cell, DMY) != _moment(cell, MDY) for cell in cells))
    return Found(best)


# --- Numbers

_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_POINT = re.compile(r"[+-]?(?:\d{1,3}(?:[, ']\d{3})+|\d+)(?:\.\d+)?")
_COMMA = re.compile(r"[+-]?(?:\d{1,3}(?:[. ']\d{3})+|\d+)(?:,\d+)?")
_EITHER = re.compile(r"[+-]?\d{1,3}[.,]\d{3}")
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2019": "'", "\u2212": "-"})
_CODE = re.compile(r"^(?:[A-Z]{3}|R\$|kr)\s+|\s+(?:[A-Z]{3}|kr)$")
SYMBOLS = {"€": "EUR", "£": "GBP", "₹": "INR"}
DOLLARS = frozenset(["USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "BRL", "MXN", "ARS", "CLP", "COP"])


def _number_reader(form: str, unit: str, currency: str) -> Read | None:
    factor = FACTORS.get(unit)

    def read(cell: str) -> str:
        if currency and (other := _other_currency(cell, currency)):
            words = f"This is in {other}, and the column is read as {currency}: add a column with the currency."
            raise Unreadable("other_currency", words)
        text = _bare(cell.removesuffix("%") if unit == PERCENT else cell)
        if form == POINT:
            text = _fitting(_POINT, text, form).translate(_GROUPS_POINT)
        elif form == COMMA:
            text = _fitting(_COMMA, text, form).translate(_GROUPS_COMMA)
        return text if factor is None else _times(text, factor)

    return read if form or unit else None


_GROUPS_POINT = str.maketrans("", "", ", '")
_GROUPS_COMMA = str.maketrans(",", ".", ". '")


def _bare(cell: str) -> str:
    """Without currency and blanks at the ends; (5) is -5."""
    text = _CODE.sub("", cell.translate(_SPACES).strip()).strip("$€£¥₹ ")
    if text.startswith("(") and text.endswith(")"):
        text = f"-{text[1:-1].strip('$€£¥₹ ')}"
    return text.replace("-$", "-").replace("-€", "-").replace("-£", "-")


def _other_currency(cell: str, currency: str) -> str:
    """The currency that a cell says it is in, where that is another; `""` where it says none."""
    code = _CODE.search(cell.strip())
    said = [code[0].strip()] if code else [name for sign, name in SYMBOLS.items() if sign in cell]
    if not said and "$" in cell and currency not in DOLLARS:
        said = ["$"]
    return next((name for name in said if (name.isupper() and len(name) == 3 and name != currency) or name == "$"), "")


def _fitting(pattern: re.Pattern[str], text: str, form: str) -> str:
    if not pattern.fullmatch(text):
        raise Unreadable("not_a_number", f"This is not a number such as {LOOKS[form]}, which this column is read as.")
    return text


def _times(text: str, factor: Decimal) -> str:
    try:
        return format(Decimal(text) * factor, "f")
    except InvalidOperation:
        raise Unreadable("not_a_number", "This is not a number. Send digits only, such as 0.93.") from None


def _infer_numbers(cells: Sequence[str], *, semicolons: bool) -> Found:
    unit = PERCENT if all(cell.endswith("%") for cell in cells) else _currency_of(cells)
    bare = [_bare(cell.removesuffix("%") if unit == PERCENT else cell) for cell in cells]
    either = all(_EITHER.fullmatch(text) or text.lstrip("+-").isdigit() for text in bare)
    grouped = any(_EITHER.fullmatch(text) for text in bare)
    if all(_PLAIN.fullmatch(text) for text in bare):
        ask = semicolons and either and grouped
        return Found(POINT if bare != list(cells) else AS_IT_IS, unit, ask=ask)
    point, comma = (sum(1 for text in bare if pattern.fullmatch(text)) for pattern in (_POINT, _COMMA))
    if max(point, comma) * 2 < len(bare):
        return Found(AS_IT_IS, unit)
    if point == comma:
        return Found(COMMA if semicolons else POINT, unit, ask=semicolons and either)
    return Found(COMMA if comma > point else POINT, unit)


def _currency_of(cells: Iterable[str]) -> str:
    """The currency that every cell is written with; `""` for none, several, and the many that are called dollar."""
    found = {next((code for sign, code in SYMBOLS.items() if sign in cell), "") for cell in cells}
    return found.pop() if len(found) == 1 else ""


# --- The rest

_YES, _NO = ("true", "yes", "y", "1", "on", "x", "t", "ja", "oui", "si"), ("false", "no", "n", "0", "off", "f", "nein")
_SALESFORCE_ID = re.compile(r"[a-zA-Z0-9]{3}[0-9A-Za-z]0[a-zA-Z0-9]{10}(?:[A-Z0-5]{3})?")
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def _truth(cell: str) -> str:
    word = cell.strip().lower()
    return "true" if word in _YES else "false" if word in _NO else cell


def _choice(cell: str) -> str:
    return re.sub(r"[\s-]+", "_", cell.strip().lower())


def _long_id(cell: str) -> str:
    """Salesforce's id with 15 characters, which tells a from A, as the one with 18; zeros are none."""
    if not cell.strip("0A"):
        return ""
    if len(cell) != 15 or not cell.isalnum():
        return cell
    blocks = (cell[at : at + 5] for at in (0, 5, 10))
    return cell + "".join(_CHECK[sum(1 << at for at, sign in enumerate(block) if sign.isupper())] for block in blocks)
