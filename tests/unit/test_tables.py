"""What the tag `table` makes of the parts of a table (core/templatetags/tables.py)."""

from __future__ import annotations

import pytest

from core.templatetags.tables import table, with_labels

HEAD = (
    '<thead><tr><th scope="col">Account</th><th scope="col" class="right">Revenue &amp; more</th>'
    '<th scope="col" class="across"><a href="?sort=x">Next <svg></svg></a></th>'
    '<th scope="col" class="wide-only">At the end</th><th scope="col"><span class="sr">Change</span></th></tr></thead>'
)


def cells(body: str) -> str:
    return with_labels(f"{HEAD}<tbody>{body}</tbody>").partition("</thead>")[2]


@pytest.mark.parametrize(
    ("body", "made"),
    [
        ('<tr><th scope="row">A</th></tr>', '<th scope="row" role="rowheader">A</th>'),
        ("<tr><th>A</th><td>1</td></tr>", '<td role="cell" data-label="Revenue &amp; more">1</td>'),
        ("<tr><th>A</th><td>1</td><td>2</td></tr>", '<td role="cell" data-across data-label="Next">2</td>'),
        ("<tr><td></td><td></td><td></td><td>3</td></tr>", '<td role="cell" data-wide-only data-label="At the end">3'),
        ("<tr><td></td><td></td><td></td><td></td><td>4</td></tr>", '<td role="cell">4</td>'),
        ('<tr><th colspan="2">A</th><td>2</td></tr>', '<td role="cell" data-across data-label="Next">2</td>'),
        ('<tr><th>A</th><td data-label="">1</td></tr>', '<td data-label="" role="cell">1</td>'),
    ],
)
def test_a_cell_is_given_the_words_of_its_column(body: str, made: str) -> None:
    assert made in cells(body)


def test_the_parts_have_the_roles_that_a_phone_takes_from_them() -> None:
    made = with_labels(HEAD + "<tbody><tr><td>1</td></tr></tbody>")
    assert made.count('role="columnheader"') == 5
    assert '<thead role="rowgroup"><tr role="row">' in made
    assert '<tbody role="rowgroup"><tr role="row"><td role="cell">1' in made


def test_the_words_around_a_table_are_escaped() -> None:
    made = table("<tbody></tbody>", 'Files "of" <b>', caption="a < b")
    assert 'aria-label="Files &quot;of&quot; &lt;b&gt;"' in made
    assert "<caption>a &lt; b</caption>" in made
