"""The smallest components, as tags: a list shows hundreds of them, and an include each would cost more than its rows.

The templates of the same names in templates/_components/ are these.
"""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """A symbol of static/icons.svg; with a label it is an image of that name, else decoration."""
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"/></svg>', label, _symbol(name))
    return _decoration(name)


@register.simple_tag
def chip(state: str, text: str, reason: str = "") -> SafeString:
    """The SLA chip: `state` is on_track, due_soon, late, paused or closing; `text` says it, `reason` is its title."""
    return format_html(
        '<span class="chip {}" title="{}">{}{}</span>' if reason else '<span class="chip {}">{}{}{}</span>',
        state, reason, _decoration(f"sla-{state}"), text,
    )  # fmt: skip


@register.simple_tag
def badge(text: object, tone: str = "", icon: str = "", title: str = "") -> SafeString:
    """A word in a pill. `tone` is good, warn, bad, bad solid (the worst there is), info or accent; default neutral."""
    classes = f"badge {tone}".rstrip()
    sign = _decoration(icon) if icon else ""
    if title:
        return format_html('<span class="{}" title="{}">{}{}</span>', classes, title, sign, text)
    return format_html('<span class="{}">{}{}</span>', classes, sign, text)


@lru_cache
def _decoration(name: str) -> SafeString:
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>', _symbol(name))


def _symbol(name: str) -> str:
    return f"{static('icons.svg')}#{name}"
