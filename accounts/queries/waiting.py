"""What waits for its account: which accounts are missing, by whose ids, and how much hangs on each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Min, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Parked
from intake.models import Source


@dataclass(frozen=True)
class Missing:
    """An account that has not arrived: what it is called, whose word that is, and the records that wait for it."""

    called: str
    whose: str
    kinds: str
    records: int
    since: datetime


def missing_accounts(most: int | None = None) -> Iterator[Missing]:
    """The accounts that most records wait for first; all of them where `most` is not given."""
    names = dict(Source.objects.values_list("id", "name"))
    for row in _grouped()[:most]:
        kinds = ", ".join(sorted(row["kinds"]))
        source = names.get(row["namespace_id"])
        whose = _("an id of %(source)s") % {"source": source} if source else _("a domain")
        yield Missing(row["value"], whose, kinds, row["n"], row["since"])


def count_missing() -> tuple[int, int]:
    """How many accounts are missing, and how many records wait for them."""
    return _grouped().count(), Parked.objects.count()


def _grouped() -> QuerySet[Any, Any]:
    groups = Parked.objects.values("namespace_id", "key_kind", "value").order_by()
    found = groups.annotate(n=Count("record_id"), since=Min("parked_at"), kinds=ArrayAgg("kind", distinct=True))
    return found.order_by("-n", "since", "value")
