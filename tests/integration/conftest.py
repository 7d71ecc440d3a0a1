"""What the tests on a database share."""

import pytest

from tests.floor import Floor


@pytest.fixture
def floor() -> Floor:
    return Floor()
