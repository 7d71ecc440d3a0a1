"""Everything the screen of the authority bands shows, but for the names of playbooks, which are given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Account
from core.templatetags.cx import words_of
from decisions.enums import Response
from decisions.models import AuthorityBand, AuthorityPolicy
from decisions.queries.bands import STRIPES, WEEKS, Counts, SetKey, Taken, count_bands
from decisions.queries.policies import authority_of
from decisions.queries.versions import Versions, versions_of
from decisions.rules.decide import Authority, Band, find_set, grants
from insights.models import InsightType

Names = Mapping[str, str]


# `Response` where there is room for one word.
SHORT = {
    Response.HUMAN: gettext_lazy("Human"),
    Response.AUTOMATED: gettext_lazy("Workflow"),
    Response.MONITOR: gettext_lazy("Monitoring"),
    Response.RECORD: gettext_lazy("Recorded"),
}


def bound_in_words(bound: Decimal) -> str:
    """A bound with two decimals, or as many as it has."""
    digits = max(2, -int(bound.normalize().as_tuple().exponent))
    return f"{bound:.{digits}f}"


class BandLine(NamedTuple):
    """One band on a ruler. `playbook` is its name, "" where it names none."""

    band: Band
    label: str
    playbook: str
    taken: Taken

    @property
    def response(self) -> str:
        return self.band.response.value

    @property
    def name(self) -> str:
        return str(SHORT[self.band.response])

    @property
    def begins(self) -> str:
        return bound_in_words(self.band.lower)

    @property
    def ends(self) -> str:
        return bound_in_words(self.band.upper)

    @property
    def is_left_to_a_human(self) -> bool:
        """Whether it would automate, but names no playbook."""
        return grants(self.band) is not self.band.response

    @property
    def x(self) -> str:
        return f"{self.band.lower * 100:f}%"

    @property
    def width(self) -> str:
        return f"{(self.band.upper - self.band.lower) * 100:f}%"

    @property
    def middle(self) -> str:
        return f"{(self.band.upper + self.band.lower) * 50:f}%"

    @property
    def is_narrow(self) -> bool:
        """Whether its name would not fit into it."""
        return self.band.upper - self.band.lower < Decimal("0.08")


class Stripe(NamedTuple):
    """A bar of the spread: where it stands and how high, in per cent of the ruler."""

    x: str
    y: str
    height: str


@dataclass(frozen=True)
class BandSet:
    """The bands of one type and tier, highest first. `is_own`: else it goes by the wider set `source`."""

    key: str
    type: str
    tier: str
    label: str
    lines: list[BandLine]
    stripes: list[Stripe]
    is_own: bool
    source: str

    @property
    def insights(self) -> int:
        return sum(line.taken.insights for line in self.lines)

    @property
    def is_plain(self) -> bool:
        """Whether each response has one band, so that three numbers say it all."""
        return len({line.response for line in self.lines}) == len(self.lines)


class Book(NamedTuple):
    """Names by slug: types ("" for all others), tiers ("" for all), playbooks."""

    types: Names
    tiers: Names
    playbooks: Names

    def label(self, key: SetKey) -> str:
        type, tier = key
        name = self.types.get(type, type)
        return f"{name} × {self.tiers.get(tier, words_of(tier))}" if tier else name


@dataclass(frozen=True)
class AuthorityPage:
    """What `templates/cx_ops/authority.html` shows."""

    versions: Versions[AuthorityPolicy]
    book: Book
    shown: Authority
    live: Authority
    is_draft_shown: bool
    sets: list[BandSet]
    chosen: BandSet
    changes: list[str]
    shifts: list[str]

    @property
    def seen(self) -> dict[str, object]:
        """What a write must carry."""
        draft = self.versions.draft
        return {"draft": draft.version if draft else None, "edits": draft.edits if draft else 0}

    @property
    def chosen_wider(self) -> str:
        """Whose bands the chosen type and tier would go by if they had none of their own."""
        key = (self.chosen.type, self.chosen.tier)
        others = {own: bands for own, bands in self.shown.bands.items() if own != key}
        return self.book.label(find_set(*key, msgspec.structs.replace(self.shown, bands=others)))

    @property
    def hours(self) -> int:
        """How long a band is held at least."""
        return self.shown.dwell // timedelta(hours=1)

    @property
    def margin(self) -> str:
        return bound_in_words(self.shown.margin)

    @property
    def without_own(self) -> list[tuple[str, str]]:
        """Types and tiers that go by wider bands, each with the key of the set it could have."""
        keys = [(type, tier) for type in self.book.types for tier in ("", *self.book.tiers)]
        return [(self.book.label(key), ".".join(key)) for key in keys if key not in self.shown.bands]


def read_book(playbooks: Names) -> Book:
    """The names that the screen needs: two queries."""
    types = dict(InsightType.objects.filter(is_active=True).order_by("name").values_list("slug", "name"))
    used = Account.objects.exclude(tier="").order_by().values_list("tier", flat=True).distinct()
    named = AuthorityBand.objects.exclude(tier="").order_by().values_list("tier", flat=True).distinct()
    tiers = {tier: words_of(tier) for tier in sorted({*used.union(named)})}
    return Book({**types, "": _("All other types")}, tiers, playbooks)


def read_page(
    book: Book, now: datetime, *, show: str = "", chosen: str = "", tried: Sequence[Band] = ()
) -> AuthorityPage:
    """`show`: "live" although there is a draft; `chosen`: the key of a set; `tried`: other bands for it (what if?)."""
    versions = versions_of(AuthorityPolicy, now)
    draft = authority_of(versions.draft) if versions.draft and show != "live" else None
    live = authority_of(versions.newest if draft else versions.live)
    shown = draft or live
    key = read_key(chosen)
    if tried and key is not None:
        shown = msgspec.structs.replace(shown, bands={**shown.bands, key: tuple(tried)})
    counts = count_bands(live, shown, shown, now)
    own = [
        _set(book, key, shown, counts, now_own=True) for key in sorted(shown.bands, key=lambda key: _order(book, key))
    ]
    return AuthorityPage(
        versions=versions,
        book=book,
        shown=shown,
        live=live,
        is_draft_shown=draft is not None,
        sets=own,
        chosen=_chosen(book, key, shown, counts, own),
        changes=changes_of(book, live, shown) if shown is not live else [],
        shifts=_shifts(counts),
    )


def _chosen(book: Book, key: SetKey | None, shown: Authority, counts: Counts, own: Sequence[BandSet]) -> BandSet:
    """The set that was asked for, whether or not it has bands of its own; else the busiest."""
    if key is None or key[0] not in book.types or key[1] not in ("", *book.tiers):
        return max(own, key=lambda one: one.insights)
    return _set(book, key, shown, counts, now_own=key in shown.bands)


def read_key(text: str) -> SetKey | None:
    """The (type, tier) of a set's key, such as "churn_risk.strategic"; None where it is no key."""
    type, dot, tier = text.partition(".")
    return (type, tier) if dot else None


def _order(book: Book, key: SetKey) -> tuple[object, ...]:
    type, tier = key
    return (not type, book.types.get(type, type), tier)


def _set(book: Book, key: SetKey, shown: Authority, counts: Counts, *, now_own: bool) -> BandSet:
    source = key if now_own else find_set(*key, shown)
    taken = counts.draft.get(source, {})
    lines = [
        BandLine(
            band,
            str(band.response.label),
            book.playbooks.get(band.playbook, band.playbook),
            taken.get(band.lower, Taken()),
        )
        for band in shown.bands[source]
    ]
    return BandSet(
        ".".join(key),
        *key,
        book.label(key),
        lines,
        _stripes(counts.spread.get(source, ())),
        now_own,
        book.label(source),
    )


def _stripes(spread: Sequence[int]) -> list[Stripe]:
    """Bars by the square root of the counts: a few hundred must be seen beside many thousand."""
    highest = max(spread, default=0)
    step = Decimal(100) / STRIPES
    stripes = []
    for place, n in enumerate(spread):
        if n:
            height = (Decimal(n) / highest).sqrt() * 100
            stripes.append(Stripe(f"{place * step:f}%", f"{100 - height:.1f}%", f"{height:.1f}%"))
    return stripes


def changes_of(book: Book, live: Authority, draft: Authority) -> list[str]:
    """One sentence per thing that a draft changes."""
    lines = [
        sentence
        for key in sorted({*live.bands, *draft.bands}, key=lambda key: _order(book, key))
        for sentence in _set_changes(book, key, live.bands.get(key), draft.bands.get(key))
    ]
    if draft.margin != live.margin:
        lines.append(
            _("Margin: %(now)s instead of %(was)s")
            % {"now": bound_in_words(draft.margin), "was": bound_in_words(live.margin)}
        )
    if draft.dwell != live.dwell:
        hours = {"now": draft.dwell // timedelta(hours=1), "was": live.dwell // timedelta(hours=1)}
        lines.append(_("Dwell: %(now)d hours instead of %(was)d") % hours)
    if draft.lower_scores != live.lower_scores:
        scores = {"now": draft.lower_scores, "was": live.lower_scores}
        lines.append(_("Lower scores in a row: %(now)d instead of %(was)d") % scores)
    return lines


def _set_changes(book: Book, key: SetKey, was: tuple[Band, ...] | None, now: tuple[Band, ...] | None) -> list[str]:
    label = book.label(key)
    if was == now:
        return []
    if was is None:
        return [_("%(set)s: bands of their own") % {"set": label}]
    if now is None:
        return [_("%(set)s: no bands of their own any more") % {"set": label}]
    before, after = ({band.response: band for band in bands} for bands in (was, now))
    found = (_band_change(book, response, before.get(response), after.get(response)) for response in reversed(Response))
    return [f"{label}: {words}" for words in found if words]


def _band_change(book: Book, response: Response, was: Band | None, now: Band | None) -> str:
    words = {"response": str(response.label).lower()}
    if was is None and now is None:
        return ""
    if now is None:
        return _("no band for %(response)s any more") % words
    words["now"] = bound_in_words(now.lower)
    if was is None:
        return _("%(response)s from %(now)s, which is new") % words
    if now.lower != was.lower:
        return _("%(response)s from %(now)s instead of %(was)s") % {**words, "was": bound_in_words(was.lower)}
    if now.playbook != was.playbook:
        name = book.playbooks.get(now.playbook, now.playbook) or _("no playbook")
        return _("%(response)s by %(playbook)s") % {**words, "playbook": name}
    return ""


def _shifts(counts: Counts) -> list[str]:
    """How many insights would get another response, and what that is in a week."""
    totals: Counter[tuple[Response, Response]] = Counter()
    for shift, n in counts.shifts.items():
        totals[shift.was, shift.now] += n
    if not totals:
        return []
    return [_shift(was, now, n) for (was, now), n in totals.most_common()]


def _shift(was: Response, now: Response, n: int) -> str:
    words = {"n": n, "now": str(now.label).lower(), "was": str(was.label).lower()}
    text = (
        ngettext(
            "%(n)d insight of the last 90 days would be “%(now)s” instead of “%(was)s”",
            "%(n)d insights of the last 90 days would be “%(now)s” instead of “%(was)s”",
            n,
        )
        % words
    )
    if Response.HUMAN not in (was, now):
        return f"{text}."
    load = n / WEEKS
    which = _("more") if now is Response.HUMAN else _("fewer")
    return text + _(": about %(load)s %(which)s a week for people.") % {
        "load": f"{load:.1f}" if load >= Decimal("0.05") else _("less than 0.1"), "which": which,
    }  # fmt: skip
