"""Work is left for the next stage in a transaction: the batch and its rows are there together or not at all."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from django.db import connection, transaction

from core.ids import uuid7
from core.models import Batch
from core.stages import NotInTransaction, leave, leave_selected
from insights.models import Believed

SELECT = "SELECT %s::uuid, %s::uuid"


def leave_rows() -> None:
    leave(Believed, ["account_id"], [(uuid7(), uuid7())], stage="decide")


def leave_found() -> None:
    leave_selected(Believed, ["account_id"], SELECT, [uuid7(), uuid7()], stage="decide")


@pytest.mark.parametrize("leaving", [leave_rows, leave_found])
def test_nothing_is_left_without_a_transaction(committed: None, leaving: Callable[[], None]) -> None:
    with pytest.raises(NotInTransaction, match=r"decide.*transaction\.atomic"):
        leaving()
    assert not Batch.objects.exists()
    assert not Believed.objects.exists()


@pytest.mark.parametrize("leaving", [leave_rows, leave_found])
def test_others_see_a_batch_only_with_its_rows(committed: None, leaving: Callable[[], None]) -> None:
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as other:
        with transaction.atomic():
            leaving()
            assert seen(other) == (0, 0)
        assert seen(other) == (1, 1)


def seen(other: psycopg.Connection) -> tuple[int, int]:
    """Batches and rows, as another connection sees them."""
    query = "SELECT (SELECT count(*) FROM core_batch), (SELECT count(*) FROM insights_believed)"
    row = other.execute(query).fetchone()
    other.commit()
    assert row is not None
    return row[0], row[1]
