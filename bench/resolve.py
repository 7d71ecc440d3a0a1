"""B9: records of accounts, most of them known, a tenth new or in doubt; and what the ladder is worth on truth."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from accounts.enums import Matching
from accounts.models import Pair
from accounts.services.kinds import ACCOUNTS
from accounts.services.kinds import CONTACTS as CONTACT
from bench.book import refresh_statistics
from bench.companies import Entry, book, book_as_told
from bench.cost import measure
from bench.febrl import people
from bench.judging import Judged, Told, judge
from bench.processes import Stage
from bench.report import Report
from bench.sizes import Sizes
from core.bulk import database_now
from intake.models import Source
from intake.rules import Arrival
from intake.services import take

CHUNK = 5000
NEW = 0.1
SEED = 11
CONTACTS = 5000
FIRST = ("Anna", "Bob", "Carl", "Dora", "Emil", "Fay", "Gus")
LAST = ("Ek", "Zuse", "Maier", "Holm", "Quist", "Rask", "Sund", "Tell", "Uhr")


def run(report: Report, stage: Stage, made: object, sizes: Sizes) -> None:
    records = sizes.resolve_rows
    entries = book(round(records * (1 - NEW)), SEED)
    crm = [entry for entry in entries if entry.system == "crm"]
    fresh = [entry for entry in entries if entry.system == "billing"][: round(records * NEW)]
    sources = {name: Source.objects.create(slug=f"bench-{name}", name=name) for name in ("crm", "billing")}
    for chunk in _chunks(crm):
        _send(chunk, sources["crm"])
    refresh_statistics()
    count = len(crm) + len(fresh)
    cost = measure(lambda: _send_all({"crm": crm, "billing": fresh}, sources), rows=count, processes=[])
    what = f"records resolved a second, {len(fresh):,} of {count:,} new"
    report.add("B9.per_s", what, count / cost.wall, "≥ 5,000", 1)
    doubtful = Pair.objects.filter(found_at__isnull=False).count()
    report.note("B9", f"In one process. {cost}; {doubtful:,} pairs left for a person")
    _contacts(report, [entry.id for entry in crm], sources)
    _judge(report, sizes)


def _contacts(report: Report, account_ids: list[str], sources: Mapping[str, Source]) -> None:
    """What contacts cost: new ones, the same again, and the same people from another source."""
    whose = account_ids[: CONTACTS // 5]
    items = [_contact(number, whose[number % len(whose)]) for number in range(CONTACTS)]
    for what, source in (("new", "crm"), ("the same again", "crm"), ("the same people of another source", "billing")):
        cost = measure(lambda source=source: _send_contacts(items, sources, source), rows=CONTACTS, processes=[])  # type: ignore[misc]
        report.note("B9", f"{CONTACTS:,} contacts at {len(whose):,} accounts, {what}: {cost}")


def _send_contacts(items: list[bytes], sources: Mapping[str, Source], source: str) -> None:
    of = sources[source]
    arrival = Arrival(
        source_id=of.pk, source_slug=of.slug, namespace_id=sources["crm"].pk, now=database_now(), actor="bench"
    )
    assert all(result.id for result in take(CONTACT, items, arrival))


def _contact(number: int, account_id: str) -> bytes:
    name = f"{FIRST[number % len(FIRST)]} {LAST[number // len(FIRST) % len(LAST)]}"
    email = f"{name.replace(' ', '.').lower()}.{number}@example.com"
    account = {"external_id": account_id}
    return json.dumps({"external_id": f"c{number}", "account": account, "name": name, "email": email}).encode()


def _judge(report: Report, sizes: Sizes) -> None:
    """What the ladder is worth on books with truth, and how the pairs that it compares grow with them."""
    per_record = []
    for firms in sizes.resolve_firms:
        records = book_as_told(firms, SEED)
        found = _judge_both(report, f"{len(records):,} records of companies", records)
        per_record.append(found[Matching.RELAXED].compared / len(records))
    febrl = people()
    found = _judge_both(report, f"FEBRL4, {len(febrl):,} records of people", febrl)
    for mode, aim in ((Matching.STRICT, "≥ 0.999"), (Matching.RELAXED, "≥ 0.99")):
        report.add(f"B9.{mode.value}", f"FEBRL4, {mode.value}: precision", found[mode].precision, aim, 1)
    report.add("B9.recall", "FEBRL4, relaxed: recall", found[Matching.RELAXED].recall, "≥ 0.95", 1)
    small, large = sizes.resolve_firms[0], sizes.resolve_firms[-1]
    what = f"pairs compared a record: {large:,} firms, times that at {small:,}"
    report.add("B9.growth", what, per_record[-1] / per_record[0], "≤ 1.2", 1)


def _judge_both(report: Report, what: str, records: list[Told]) -> dict[Matching, Judged]:
    found = {mode: judge(records, mode) for mode in Matching}
    for mode, judged in found.items():
        report.note("B9", f"{mode.value}, {what}: {judged}")
    return found


def _chunks(entries: list[Entry]) -> Iterator[list[Entry]]:
    yield from (entries[at : at + CHUNK] for at in range(0, len(entries), CHUNK))


def _send_all(entries: Mapping[str, list[Entry]], sources: Mapping[str, Source]) -> None:
    for name, mine in entries.items():
        for chunk in _chunks(mine):
            _send(chunk, sources[name])


def _send(entries: Iterable[Entry], source: Source) -> None:
    now = database_now()
    arrival = Arrival(source_id=source.pk, source_slug=source.slug, namespace_id=source.pk, now=now, actor="bench")
    results = take(ACCOUNTS, [_item(entry) for entry in entries], arrival)
    assert all(result.id for result in results)


def _item(entry: Entry) -> bytes:
    item = {"external_id": entry.id, "name": entry.name, "tier": "mid", "region": "emea"}
    known = {"domain": entry.domain, "email": entry.email, "subscription_id": entry.subscription}
    return json.dumps(item | {name: value for name, value in known.items() if "." in value or "_" in value}).encode()
