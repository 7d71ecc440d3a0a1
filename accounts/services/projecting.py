"""Projecting every account anew: on a sound system it changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import Account
from accounts.queries.policies import current_policy
from accounts.services.board import open_board
from accounts.services.merging import project
from accounts.services.parking import lock_keys

BATCH = 5000


def project_all(*, now: datetime) -> int:
    """Let every live account show what holds of what is said; how many showed something else."""
    changed = 0
    for ids in batches():
        with transaction.atomic():
            lock_keys()
            changed += len(project(ids, now=now).touched)
    return changed


def unsettled_accounts(*, now: datetime) -> Iterator[UUID]:
    """Live accounts that show something else than what holds; nothing is written."""
    policy = current_policy()
    for ids in batches():
        with transaction.atomic():
            board = open_board(ids, now=now, policy=policy, people={})
            for id in ids:
                board.settle(id, board.fields_of(id))
        yield from sorted(board.touched)


def batches() -> Iterator[list[UUID]]:
    """Ids of live accounts, in order."""
    after = None
    while True:
        accounts = Account.objects.filter(archived_at=None).order_by("id")
        ids = list((accounts.filter(id__gt=after) if after else accounts).values_list("id", flat=True)[:BATCH])
        if not ids:
            return
        yield ids
        after = ids[-1]
