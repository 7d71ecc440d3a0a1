"""Style sheets hold their parts when they are served, and mean the same."""

from __future__ import annotations

import pytest

from cx_ops.style_sheets import MissingPart, served

SHEETS = {
    "css/app.css": '@layer one, two;\n@import "tokens.css";\n@import "parts/row.css";\n',
    "css/tokens.css": "/* Colours; all\n of them. */\n:root {\n  --bg: #fff;\n}\n",
    "css/parts/row.css": '@import "../tokens.css";\n.row > a:hover, .row b {\n  content: " (";\n  color: red;\n}\n',
}


def test_parts_stand_where_they_are_imported() -> None:
    assert served("css/parts/row.css", SHEETS) == (':root{--bg: #fff}.row > a:hover,.row b{content: " (";color: red}\n')
    assert served("css/app.css", SHEETS).startswith("@layer one,two;:root{--bg: #fff}:root{--bg: #fff}.row")


def test_a_part_that_is_not_there_is_named() -> None:
    with pytest.raises(MissingPart, match=r"css/a\.css imports css/b\.css"):
        served("css/a.css", {"css/a.css": '@import "b.css";'})
