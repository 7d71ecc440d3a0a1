"""Two feeds, and a run of one beside the other."""

from __future__ import annotations

import pytest

from accounts.services.kinds import ACCOUNTS
from core.models import User
from intake.models import ParallelRun, Source
from intake.services.parallel import start_run
from tests.beside import customer
from tests.factories import NOW, make_source, make_user
from tests.integration.test_accounts_bulk import send


@pytest.fixture
def ops() -> User:
    return make_user("ops", role="ops")


@pytest.fixture
def old() -> Source:
    return make_source("crm", owner=make_user("otto"), cadence_hours=24, runbook="Call Omar.")


@pytest.fixture
def new() -> Source:
    return make_source("crm-2")


@pytest.fixture
def run(old: Source, new: Source, ops: User) -> ParallelRun:
    """Three accounts of the old feed; the new one runs beside it."""
    send(ACCOUNTS, old, *(customer("A", number) for number in (1, 2, 3)))
    return start_run(old=old, new=new, by=ops, now=NOW)
