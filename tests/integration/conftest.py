"""What the tests on a database share."""

from pathlib import Path
from typing import Any

import pytest

from intake.models import Source
from tests.factories import make_source
from tests.floor import Floor


@pytest.fixture
def floor() -> Floor:
    return Floor()


@pytest.fixture
def uploads(settings: Any, tmp_path: Path) -> None:
    """A place for uploads of its own."""
    settings.CX_DATA_DIR = tmp_path


@pytest.fixture
def feed(floor: Floor, uploads: None) -> Source:
    """A daily file of accounts that Ana owns and Bea stands in for."""
    return make_source("crm", owner=floor.ana, backup=floor.bea, cadence_hours=24, runbook="Call the CRM team.")
