"""A table: `{% table _("Files") %}<thead>…</thead><tbody>…</tbody>{% endtable %}` in a frame that scrolls.

On a phone each line is a card, its cells under the words of their columns (`.stacked` in parts/content.css). So each
cell gets its column's words as `data-label`, and all get the roles that a cell loses once it is no table cell to the
style sheet. Of a heading, `across` gives its cells the whole width of the card, `wide-only` leaves them out of it, and
one that only screen readers see names no cell; nor is a cell named that has a `data-label` of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from django import template
from django.utils.html import format_html, strip_tags
from django.utils.safestring import SafeString

register = template.Library()

HEADING = re.compile(r"<th\b([^>]*)>(.*?)</th>", re.DOTALL)
PART = re.compile(r"<(thead|tbody|tfoot|tr|td|th)\b([^>]*)>")
SPAN = re.compile(r'colspan="(\d+)"')
ROLES = {"thead": "rowgroup", "tbody": "rowgroup", "tfoot": "rowgroup", "tr": "row", "td": "cell"}
HIDDEN = '<span class="sr">'
LABEL = " data-label="
PLACES = ("across", "wide-only")


@register.simple_block_tag(end_name="endtable")
def table(content: str, label: str, classes: str = "", caption: str = "") -> SafeString:
    """`label` names the table for screen readers; `caption` is shown above it instead of being read only."""
    return format_html(
        '<div class="table-wrap" tabindex="0" role="region" aria-label="{}"><table class="{}" role="table">'
        "<caption{}>{}</caption>{}</table></div>",
        label,
        f"stacked {classes}".rstrip(),
        SafeString("" if caption else ' class="sr"'),  # ours  # nosec B703
        caption or label,
        SafeString(with_labels(content)),  # what the template made, escaped by it  # nosec B703
    )


def with_labels(rows: str) -> str:
    """The parts of a table with their roles, and each cell with the words of its column, as HTML like `rows`."""
    head, end, body = rows.partition("</thead>")
    columns = [_column(attributes, inner) for attributes, inner in HEADING.findall(head)]
    position = 0

    def extended(part: re.Match[str]) -> str:
        nonlocal position
        name, attributes = part.groups()
        if name == "tr":
            position = 0
        if name not in ("td", "th"):
            return f'<{name}{attributes} role="{ROLES[name]}">'
        words = columns[position] if 0 < position < len(columns) else ""
        if LABEL in attributes:
            words = words.partition(LABEL)[0]
        span = SPAN.search(attributes)
        position += int(span[1]) if span else 1
        role = ROLES.get(name) or ("rowheader" if 'scope="row"' in attributes else "columnheader")
        return f'<{name}{attributes} role="{role}"{words}>'

    return PART.sub(_heading, head) + end + PART.sub(extended, body)


def _column(attributes: str, inner: str) -> str:
    """What each cell of a column is given: its words, and whether it is wide or left out on a phone."""
    return "".join(_given(attributes, inner))


def _given(attributes: str, inner: str) -> Iterator[str]:
    for place in PLACES:
        if place in attributes:
            yield f" data-{place}"
    words = strip_tags(inner).strip()
    if words and not inner.startswith(HIDDEN):
        yield f'{LABEL}"{words}"'


def _heading(part: re.Match[str]) -> str:
    name, attributes = part.groups()
    return f'<{name}{attributes} role="{ROLES.get(name, "columnheader")}">'
