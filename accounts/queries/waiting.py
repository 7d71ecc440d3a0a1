"""What waits for its account: which accounts are missing, by whose ids, and how much hangs on each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Min, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Parked
from core.bulk import fetch_all
from intake.models import Source

# By which source and file the rows about the missing accounts came.
SENT = """
SELECT DISTINCT p.namespace_id, p.key_kind, p.value, s.name, i.id, i.filename
FROM accounts_parked p JOIN intake_record r ON r.id = p.record_id JOIN intake_source s ON s.id = r.source_id
LEFT JOIN intake_import i ON i.id = r.import_id
WHERE p.value = ANY(%s) ORDER BY s.name, i.filename
"""


class Sent(NamedTuple):
    """A source that sent rows which wait, and the file in which they came; by call there is none."""

    source: str
    file_id: UUID | None
    filename: str | None

    def __str__(self) -> str:
        return f"{self.source}: {self.filename}" if self.filename else self.source


@dataclass(frozen=True)
class Missing:
    """An account that has not arrived: what it is called, whose word that is, and the records that wait for it."""

    called: str
    whose: str
    kinds: str
    sent: list[Sent]
    records: int
    since: datetime


def missing_accounts(most: int | None = None) -> Iterator[Missing]:
    """The accounts that most records wait for first; all of them where `most` is not given."""
    names = dict(Source.objects.values_list("id", "name"))
    rows = list(_grouped()[:most])
    sent: dict[tuple[UUID | None, str, str], list[Sent]] = defaultdict(list)
    for namespace_id, key_kind, value, *by in fetch_all(SENT, [[row["value"] for row in rows]]):
        sent[namespace_id, key_kind, value].append(Sent(*by))
    for row in rows:
        kinds = ", ".join(sorted(row["kinds"]))
        source = names.get(row["namespace_id"])
        whose = _("an id of %(source)s") % {"source": source} if source else _("a domain")
        by = sent[row["namespace_id"], row["key_kind"], row["value"]]
        yield Missing(row["value"], whose, kinds, by, row["n"], row["since"])


def count_missing() -> tuple[int, int]:
    """How many accounts are missing, and how many records wait for them."""
    return _grouped().count(), Parked.objects.count()


def _grouped() -> QuerySet[Any, Any]:
    groups = Parked.objects.values("namespace_id", "key_kind", "value").order_by()
    found = groups.annotate(n=Count("record_id"), since=Min("parked_at"), kinds=ArrayAgg("kind", distinct=True))
    return found.order_by("-n", "since", "value")
