"""The smallest components, as tags: a list shows hundreds of them, and an include each would cost more than its rows.

The templates of the same names in templates/_components/ are these.
"""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

from django import template
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString

register = template.Library()
ANY_ID = UUID(int=0)


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


@register.simple_tag
def link(name: str, id: UUID, query: str = "") -> SafeString:
    """`{% url name id %}` with a query, for lists: to work it out anew for each line takes longer than the line."""
    before, after = _around_id(name)
    return conditional_escape(f"{before}{id}{after}{query}")


@lru_cache
def _around_id(name: str) -> tuple[str, str]:
    before, _, after = reverse(name, args=[ANY_ID]).partition(str(ANY_ID))
    return before, after


@lru_cache
def _decoration(name: str) -> SafeString:
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>', _symbol(name))


def _symbol(name: str) -> str:
    return f"{static('icons.svg')}#{name}"
