"""How days that are ahead, sums and long ids are written."""

from __future__ import annotations

import pytest

from core.templatetags.cx import breakable, in_days, short_money


@pytest.mark.parametrize(("days", "words"), [(0, "today"), (1, "in 1 day"), (30, "in 30 days")])
def test_days_ahead(days: int, words: str) -> None:
    assert in_days(days) == words


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("1896000", "$1.9m"), ("155995", "$156k"), ("84000", "$84k"), ("2000000", "$2m"), ("9960", "$10k"),
        ("999600", "$1m"), ("1040", "$1k"), ("234.6", "$235"), (None, "unknown"),
    ],
)  # fmt: skip
def test_a_short_sum_is_rounded_and_not_cut(amount: str | None, words: str) -> None:
    assert short_money(amount, "USD") == words


def test_a_long_id_breaks_between_its_words() -> None:
    assert breakable("a.b@<c>.example") == "a.<wbr>b@&lt;c&gt;.<wbr>example"
