"""What every template keeps to: words through gettext, nothing inline that the Content-Security-Policy would block."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest
from django.template.base import DebugLexer, Token, TokenType

from tests.architecture.sources import ROOT, text_of, tree_files

# The style guide shows components with sample words; nobody but us reads it.
SAMPLES = ("templates/styleguide",)
SPOKEN = {
    "aria-label", "aria-description", "title", "placeholder", "alt", "data-announce", "data-confirm", "data-confirm-ok",
}  # fmt: skip
# Elements whose text is no sentence: names of keys, code.
VERBATIM = {"script", "style", "code", "kbd", "pre", "samp", "svg"}
NAMES = {"CX Ops", "CSV", "XLSX", "API", "Ctrl", "Esc", "OpenAPI"}
WORD = re.compile(r"[^\W\d_]{2,}")
# Blocks that fill an attribute of the base template, such as main_class.
IN_ATTRIBUTE = re.compile(r"class$")
BLOCKS = {"blocktranslate", "blocktrans", "comment", "verbatim"}


def html_templates() -> list[str]:
    return [path for path in tree_files() if path.startswith("templates/") and path.endswith(".html")]


def without_tags(source: str) -> str:
    """The bare text of a template, line by line: variables, tags, comments and translated blocks taken out."""
    bare: list[str] = []
    inside = ""
    for token in DebugLexer(source).tokenize():
        name = token.contents.split(" ", 1)[0] if token.token_type is TokenType.BLOCK else ""
        if inside:
            inside = "" if name == f"end{inside}" else inside
        elif name in BLOCKS or (name == "block" and IN_ATTRIBUTE.search(token.contents)):
            inside = name
        elif token.token_type is TokenType.TEXT:
            bare.append(token.contents)
            continue
        bare.append("x" if "".join(bare[-1:]).endswith(("<", "</")) else " ")
        bare.append("\n" * lines_in(token, source))
    return "".join(bare)


def lines_in(token: Token, source: str) -> int:
    start, end = token.position or (0, 0)
    return source.count("\n", start, end)


@dataclass
class Findings(HTMLParser):
    """Walks the bare HTML of a template and notes what should not be there."""

    untranslated: list[str] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)
    verbatim: int = 0

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def __hash__(self) -> int:
        return id(self)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        line = self.getpos()[0]
        if tag in VERBATIM:
            self.verbatim += 1
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(f"{line}: <{tag}>")
        for name, value in given.items():
            if name == "style" or re.match(r"on[a-z]|hx-on", name) or re.match(r"\s*(javascript|js):", value):
                self.inline.append(f"{line}: {name}={value!r}")
            if name in SPOKEN and is_sentence(value):
                self.untranslated.append(f"{line}: {name}={value!r}")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VERBATIM and self.verbatim:
            self.verbatim -= 1

    def handle_data(self, data: str) -> None:
        if not self.verbatim and is_sentence(data):
            self.untranslated.append(f"{self.getpos()[0]}: {' '.join(data.split())!r}")


def is_sentence(text: str) -> bool:
    for name in NAMES:
        text = text.replace(name, " ")
    return bool(WORD.search(text))


def findings(source: str) -> Findings:
    found = Findings()
    found.feed(without_tags(source))
    found.close()
    return found


@pytest.mark.parametrize("path", [path for path in html_templates() if not path.startswith(SAMPLES)])
def test_words_go_through_gettext(path: str) -> None:
    assert findings(text_of(path)).untranslated == []


@pytest.mark.parametrize("path", html_templates())
def test_nothing_is_inline(path: str) -> None:
    assert findings(text_of(path)).inline == []


def test_the_search_finds_what_it_looks_for() -> None:
    planted = '<p style="x" onclick="y">Bare words {{ name }}</p>\n<script>1</script>{% translate "fine" %}<kbd>J</kbd>'
    found = findings(planted)
    assert found.untranslated == ["1: 'Bare words'"]
    assert [line.split(":")[1].split("=")[0].strip() for line in found.inline] == ["style", "onclick", "<script>"]


def test_translated_blocks_are_not_bare() -> None:
    assert findings("{% blocktranslate %}Some words{% endblocktranslate %}{# a note #}").untranslated == []


def test_every_form_that_posts_has_a_csrf_token() -> None:
    """htmx 4 inherits nothing by itself, and without JavaScript a form has only what it holds."""
    bare = [
        f"{path}: form {number}"
        for path in html_templates()
        for number, form in enumerate(re.findall(r"<form\b.*?(?:</form>|\Z)", text_of(path), re.DOTALL), 1)
        if re.search(r'method="post"', form, re.IGNORECASE) and "csrf_token" not in form
    ]
    assert bare == []


def test_vendored_files_are_what_the_lock_says() -> None:
    words = [sys.executable, "scripts/vendor_assets.py", "check"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
