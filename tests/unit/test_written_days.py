"""How days that are ahead are written."""

from __future__ import annotations

import pytest

from core.templatetags.cx import in_days


@pytest.mark.parametrize(("days", "words"), [(0, "today"), (1, "in 1 day"), (30, "in 30 days")])
def test_days_ahead(days: int, words: str) -> None:
    assert in_days(days) == words
