"""Who acts on an insight, and how far the system may go alone.

`decide` is the whole protocol in one function. Read it first; everything below it is one of its sentences:

1. **The band.** Confidence alone asks for a response: by default 0.90 and up human action, 0.70 to 0.90 an
   automated workflow, 0.50 to 0.70 monitoring, below that recorded only.
2. **Calm.** A higher band is entered at once; a lower one only clearly below its edge, after a dwell.
3. **What it may do.** An old score never automates, an uncalibrated probability is only monitored, and an automated
   band without a playbook becomes a human.
4. **The owner.** The ownership matrix names a role; if nobody available holds it on the account, then the account's
   CSM, the team's pool, its lead, and at last the catch-all. Never somebody who left or is away.
5. **No noise.** A control group left alone, one open item per account and type, a cool-down after it was closed, no
   automation behind a kill switch. What was suppressed is said, with the reason.

Everything here is pure: facts, policy and the moment in, verdict out. What goes in is stored with the decision, so that
anybody can ask the same question again and must get the same answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from core.text import plain
from decisions.enums import SAVED, Response, Suppression

# ── Facts: what is known about one insight at the moment of the decision ──────────────────────────────────────────


class Claim(Struct, frozen=True, omit_defaults=True):
    """What an insight says, and what its source is worth. `probability_only`: its number is a probability."""

    type: str
    source: str
    model: str
    confidence: Decimal
    scored_at: datetime
    expires_at: datetime
    acts_until: datetime
    probability: Decimal | None = None
    reason: str = ""
    probability_only: bool = False
    model_checked: bool = True


class Place(Struct, frozen=True, omit_defaults=True):
    """Where an account stands, for matrix and bands; `segment` is what the company itself calls a group of accounts."""

    tier: str = ""
    region: str = ""
    stage: str = ""
    segment: str = ""
    saved: tuple[str, ...] = ()  # saved segments that it is in, of those that the matrix names


class Person(Struct, frozen=True, omit_defaults=True):
    """Somebody who could own the item. `absent`: why not ("has left"); loads are known for members of a pool."""

    id: str
    username: str
    absent: str = ""
    open_items: int = 0
    at_cap: bool = False


class People(Struct, frozen=True, omit_defaults=True):
    """Who holds which role on the account, and who stands behind them."""

    by_role: Mapping[str, Person] = {}
    team: str = ""
    pool: tuple[Person, ...] = ()
    lead: Person | None = None
    catch_all: Person | None = None


class StreamState(Struct, frozen=True, omit_defaults=True):
    """What one source's model was granted last on this account and type, and how many scores asked for less since."""

    model: str
    band: Response
    response: Response
    bound: Decimal
    entered_at: datetime
    scored_at: datetime
    expires_at: datetime
    lower_scores: int = 0


class ItemState(Struct, frozen=True, omit_defaults=True):
    """The open item of this account and type, or the one closed last; `quiet` without an end is for good."""

    id: str
    is_open: bool
    response: Response
    reasons: tuple[str, ...] = ()
    red_lines: tuple[str, ...] = ()
    outcome: str = ""
    quiet: bool = False
    quiet_until: datetime | None = None


class Stake(Struct, frozen=True, omit_defaults=True):
    """What is at stake: yearly revenue in the reporting currency and where that figure is from."""

    revenue: Decimal | None
    revenue_from: str
    base_rate: Decimal
    acting_share: Decimal
    days_left: int | None = None
    days_left_to: str = ""


class Facts(Struct, frozen=True, omit_defaults=True):
    """Everything a decision may depend on; stored with it, so that it can be replayed.

    red_lines: what ends a cool-down, a snooze and being held out, and passes the cap (`accounts.enums.RedLine`).
    switches: those thrown, as "all", "type x", "source x", "playbook x". held_out: in the control group of a hold-out.
    """

    claim: Claim
    place: Place
    people: People
    stake: Stake
    stream: StreamState | None = None
    other_streams: tuple[StreamState, ...] = ()
    item: ItemState | None = None
    red_lines: tuple[str, ...] = ()
    switches: tuple[str, ...] = ()
    held_out: bool = False


# ── Policy: what managers published ───────────────────────────────────────────────────────────────────────────────


class Band(Struct, frozen=True, cache_hash=True):
    """Confidence in [lower, upper) asks for `response`; the top band includes 1."""

    lower: Decimal
    upper: Decimal
    response: Response
    playbook: str = ""


class Authority(Struct, frozen=True):
    """Bands by (type, tier), each set highest first; "" stands for all. The set for ("", "") always exists."""

    version: int
    margin: Decimal
    dwell: timedelta
    lower_scores: int
    bands: Mapping[tuple[str, str], tuple[Band, ...]]
    calibrated_sources: tuple[str, ...] = ()


class Cell(Struct, frozen=True, cache_hash=True):
    """Insight type × segment → role; "" stands for all."""

    type: str
    tier: str
    region: str
    stage: str
    segment: str
    role: str


class Ownership(Struct, frozen=True):
    """The cells of one version of the matrix, the most exact first (see `by_precedence`)."""

    version: int
    cells: tuple[Cell, ...]


class Policy(Struct, frozen=True):
    authority: Authority
    ownership: Ownership


# ── The verdict ───────────────────────────────────────────────────────────────────────────────────────────────────


class Priority(Struct, frozen=True):
    """What comes first: the money that acting is expected to keep or win × urgency; its parts, each with its origin."""

    value: Decimal
    parts: tuple[tuple[str, Decimal | None, str], ...]


class Verdict(Struct, frozen=True):
    """What was decided. `act` is what is to be done about it; `stream` is what is remembered for the next score."""

    band: Band
    response: Response
    act: str
    suppressed_by: Suppression | None
    owner: Person | None
    owner_path: tuple[str, ...]
    reasons: tuple[str, ...]
    playbook: str
    priority: Priority | None
    stream: StreamState | None


class Act:
    """What a decision asks the next stage to do."""

    NOTHING = "nothing"
    WATCH = "watch"  # put the account on its owner's watch list
    RUN = "run"  # start an automated run of the playbook
    TASK = "task"  # give a person a task
    UPGRADE = "upgrade"  # stop the live run, give a person a task
    EVIDENCE = "evidence"  # add to what is open already
    WAKE = "evidence_wake"  # the same, and end a snooze: it got worse
    CLEAR = "clear"  # the cause is gone


def decide(*, facts: Facts, policy: Policy, now: datetime) -> Verdict:
    """The verdict about one insight at `now`."""
    claim, item = facts.claim, facts.item
    why: list[str] = []
    band = find_band(claim, facts.place, policy.authority, why)
    if out_of_date := why_out_of_date(facts, now):
        return nothing_to_do(band, left_alone(facts, why) or Suppression.STALE, [*why, out_of_date])
    stream, dwells = settle(band, facts, policy.authority, now, why)
    response = what_it_may_do(stream.band, band, claim, policy.authority, now, why)
    cleared = is_cleared(response, facts, now, why)
    owner, path = find_owner(facts, policy.ownership) if response is not Response.RECORD else (None, ())
    quiet = left_alone(facts, why) or (Suppression.DWELL if dwells else None)
    suppressed = quiet or why_suppressed(response, band, facts, now, why)
    act = ACTS[suppressed](response, item, facts, cleared)
    return Verdict(
        band=band,
        response=response,
        act=act,
        suppressed_by=suppressed,
        owner=owner,
        owner_path=path,
        reasons=tuple(why),
        playbook=band.playbook if acts_on(response) else "",
        priority=priority_of(facts, now) if acts_on(response) else None,
        stream=stream if stream.response is response else replace(stream, response=response),
    )


RANK = {response: rank for rank, response in enumerate(Response)}


def acts_on(response: Response) -> bool:
    """Whether the response does something: a workflow or a human."""
    return response is Response.HUMAN or response is Response.AUTOMATED


def nothing_to_do(band: Band, suppressed: Suppression, why: Iterable[str]) -> Verdict:
    """A decision all the same: recorded, with the reason why it goes no further."""
    return Verdict(band, Response.RECORD, Act.NOTHING, suppressed, None, (), tuple(why), "", None, None)


# ── 1. The band ───────────────────────────────────────────────────────────────────────────────────────────────────


def find_band(claim: Claim, place: Place, authority: Authority, why: list[str]) -> Band:
    """The band that holds the confidence, in the narrowest set of bands that fits the insight."""
    type, tier = find_set(claim.type, place.tier, authority)
    band = next(band for band in authority.bands[type, tier] if claim.confidence >= band.lower)
    where = f"(authority version {authority.version}, {type or 'all types'}, {tier or 'all tiers'})"
    why.append(f"confidence {plain(claim.confidence)} is in {say_band(band)} {where}")
    return band


@lru_cache(maxsize=1024)
def say_band(band: Band) -> str:
    """A band in words, such as "[0.9, 1]: human"."""
    return f"[{plain(band.lower)}, {plain(band.upper)}{']' if band.upper == 1 else ')'}: {band.response.value}"


def find_set(type: str, tier: str, authority: Authority) -> tuple[str, str]:
    """The key of the narrowest set of bands that fits: type and tier, type, tier, neither."""
    for key in ((type, tier), (type, ""), ("", tier), ("", "")):
        if key in authority.bands:
            return key
    raise LookupError("the published bands have no set for all types and tiers")


def why_out_of_date(facts: Facts, now: datetime) -> str:
    """Why the insight decides nothing: older than what its stream decided already, or its horizon is over."""
    claim, stream = facts.claim, facts.stream
    if stream and claim.scored_at < stream.scored_at:
        return f"stale: a score of {stream.scored_at:%Y-%m-%d %H:%M} by the same model was decided already"
    if claim.expires_at <= now:
        return f"stale: its horizon ended on {claim.expires_at:%Y-%m-%d}"
    return ""


# ── 2. Calm ───────────────────────────────────────────────────────────────────────────────────────────────────────


def settle(band: Band, facts: Facts, authority: Authority, now: datetime, why: list[str]) -> tuple[StreamState, bool]:
    """The stream after this score, and whether it dwells in a band that the score no longer reaches."""
    claim, before = facts.claim, facts.stream
    entered = StreamState(claim.model, band.response, band.response, band.lower, now, claim.scored_at, claim.expires_at)
    if before is None or before.expires_at <= now:
        return entered, False
    if RANK[band.response] > RANK[before.band]:
        why.append(f"a higher band than {before.band.value}: entered at once")
        return entered, False
    stays = replace(before, scored_at=claim.scored_at, expires_at=claim.expires_at)
    if band.response is before.band:
        return replace(stays, bound=band.lower, lower_scores=0), False
    lower_scores = before.lower_scores + 1
    edge, rested = before.bound - authority.margin, before.entered_at + authority.dwell
    if claim.confidence < edge and now >= rested and lower_scores >= authority.lower_scores:
        why.append(f"{lower_scores} scores in a row below {before.band.value}, and the dwell is over: it falls")
        return entered, False
    why.append(
        f"dwell: {before.band.value} is left below {plain(edge)}, after {rested:%Y-%m-%d %H:%M} and "
        f"{authority.lower_scores} lower scores in a row (this is number {lower_scores})"
    )
    return replace(stays, lower_scores=lower_scores), True


# ── 3. What it may do ─────────────────────────────────────────────────────────────────────────────────────────────


def what_it_may_do(
    held: Response, band: Band, claim: Claim, authority: Authority, now: datetime, why: list[str]
) -> Response:
    """The response of the band it is in, within what the source, the age of the score and the playbook allow."""
    if claim.probability_only and claim.source not in authority.calibrated_sources and acts_on(held):
        why.append(f"{claim.source} sends probabilities and has no bands of its own yet: monitored")
        return Response.MONITOR
    if held is Response.AUTOMATED and now > claim.acts_until:
        why.append(f"too old to act on without a person since {claim.acts_until:%Y-%m-%d}: a human instead")
        return Response.HUMAN
    if held is band.response and grants(band) is not held:
        why.append("the band names no playbook: a human instead")
        return Response.HUMAN
    if held is Response.AUTOMATED and not claim.model_checked:
        why.append(f"this version of {claim.model} has not been checked: its run stays inside the house")
    return held


def grants(band: Band) -> Response:
    """What a band leads to by itself: a workflow needs a playbook, else a human acts instead."""
    return Response.HUMAN if band.response is Response.AUTOMATED and not band.playbook else band.response


def is_cleared(response: Response, facts: Facts, now: datetime, why: list[str]) -> bool:
    """Whether no live stream asks for anything any more; disagreement among them is said."""
    others = [stream for stream in facts.other_streams if stream.expires_at > now]
    clash = "they disagree, the higher holds what is open"
    why += [f"{o.model} says {o.response.value}: {clash}" for o in others if o.response is not response]
    return not acts_on(response) and not any(acts_on(other.response) for other in others)


# ── 4. The owner ──────────────────────────────────────────────────────────────────────────────────────────────────


def find_owner(facts: Facts, ownership: Ownership) -> tuple[Person | None, tuple[str, ...]]:
    """The first available person down the chain, and the path by which they were found."""
    cell = find_cell(facts.claim.type, facts.place, ownership)
    path = [f"matrix version {ownership.version}: {describe(cell)} → {cell.role}"]
    for step in chain_of(cell.role, facts.people):
        path.append(f"{step.name}: {step.who}")
        if step.person and not step.person.absent:
            return step.person, tuple(path)
    return None, (*path, "unassigned: nobody in the chain is available")


class Step(Struct, frozen=True):
    """A place in the chain of owners and who stands there. `kind`: a role on the account, pool, lead, or catch_all."""

    kind: str
    name: str
    person: Person | None

    @property
    def who(self) -> str:
        return f"{self.person.username} {self.person.absent}".strip() if self.person else "nobody"


def chain_of(role: str, people: People) -> Iterator[Step]:
    """Who is asked, one after another, where the matrix names `role`."""
    team = people.team or "no team"
    if role != "csm":
        yield Step(role, f"{role} of the account", people.by_role.get(role))
    yield Step("csm", "csm of the account", people.by_role.get("csm"))
    yield Step("pool", f"pool of {team}", next(iter(pool_order(people.pool)), None))
    yield Step("lead", f"lead of {team}", people.lead)
    yield Step("catch_all", "catch-all", people.catch_all)


def first_free(chain: Iterable[Step]) -> Step | None:
    """The first place where somebody stands who is here."""
    return next((step for step in chain if step.person and not step.person.absent), None)


def find_cell(type: str, place: Place, ownership: Ownership) -> Cell:
    """The most exact cell that fits: type, tier, region, stage, segment count in that order."""
    segments = ("", place.segment, *place.saved)
    for cell in ownership.cells:
        if (
            cell.type in ("", type) and cell.tier in ("", place.tier) and cell.region in ("", place.region)
            and cell.stage in ("", place.stage) and cell.segment in segments
        ):  # fmt: skip
            return cell
    raise LookupError("the published matrix has no cell for all types and segments")


def by_precedence(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """Cells as they are tried: type, tier, region, stage, segment; of segments its own, then saved ones by name."""

    def rank(cell: Cell) -> list[object]:
        parts = (cell.type, cell.tier, cell.region, cell.stage, cell.segment)
        return [*(not part for part in parts), cell.segment.startswith(SAVED), cell.segment]

    return tuple(sorted(cells, key=rank))


def pool_order(pool: Iterable[Person]) -> list[Person]:
    """A pool in the order in which it is asked: the available, of them those under their cap, then by open items."""
    return sorted(pool, key=lambda person: (bool(person.absent), person.at_cap, person.open_items, person.username))


@lru_cache(maxsize=1024)
def describe(cell: Cell) -> str:
    """A cell in words, such as "churn_risk × tier strategic"."""
    parts = [f"{name} {value}" for name in ("tier", "region", "stage", "segment") if (value := getattr(cell, name))]
    return " × ".join([cell.type or "all types", *(parts or ["all segments"])])


# ── 5. No noise ───────────────────────────────────────────────────────────────────────────────────────────────────


def left_alone(facts: Facts, why: list[str]) -> Suppression | None:
    """Held out, so nothing comes of it whatever its confidence; a red line passes."""
    if not facts.held_out or facts.red_lines:
        return None
    why.append("in the control group: nobody acts, so that the effect of acting can be measured")
    return Suppression.HOLD_OUT


def why_suppressed(response: Response, band: Band, facts: Facts, now: datetime, why: list[str]) -> Suppression | None:
    """What keeps a response that would act from opening something new, or None."""
    item = facts.item
    if not acts_on(response):
        return None
    news = what_is_new(response, facts, item) if item else ""
    if item and item.is_open:
        if takes_over(response, item):
            why.append("a higher band than the live run's: the run stops, a person takes over")
            return None
        why.append("an item for this account and type is open: this is added to it" + (f"; {news}" if news else ""))
        return Suppression.OPEN_ITEM
    off = [switch for switch in facts.switches if switch in applicable_switches(facts.claim, band)]
    if off and response is Response.AUTOMATED:
        why.append(f"automation is switched off: {', '.join(off)}")
        return Suppression.KILL_SWITCH
    if item and item.quiet and (item.quiet_until is None or item.quiet_until > now):
        if news and item.quiet_until is not None:
            why.append(f"cool-down broken: {news}")
            return None
        until = f"until {item.quiet_until:%Y-%m-%d}" if item.quiet_until else "until the account is reactivated"
        why.append(f"cool-down after {item.outcome} {until}")
        return Suppression.COOL_DOWN
    return None


def takes_over(response: Response, item: ItemState) -> bool:
    """Whether a person takes an open item over from an automated run."""
    return response is Response.HUMAN and item.response is Response.AUTOMATED


def applicable_switches(claim: Claim, band: Band) -> tuple[str, ...]:
    """The kill switches that would stop an automated response to this claim."""
    return ("all", f"type {claim.type}", f"source {claim.source}", f"playbook {band.playbook}")


def what_is_new(response: Response, facts: Facts, item: ItemState) -> str:
    """What breaks a cool-down and a snooze: a higher band, a reason or a red line that the item did not have."""
    if RANK[response] > RANK[item.response]:
        return f"a higher band than {item.response.value}"
    if facts.claim.reason and facts.claim.reason not in item.reasons:
        return f"a new reason: {facts.claim.reason}"
    if new := [line for line in facts.red_lines if line not in item.red_lines]:
        return f"a red line: {', '.join(new)}"
    return ""


def _open(response: Response, item: ItemState | None, facts: Facts, cleared: bool) -> str:
    if item and item.is_open:
        return Act.UPGRADE if takes_over(response, item) else Act.CLEAR if cleared else Act.EVIDENCE
    return OPENS[response]


def _add(response: Response, item: ItemState | None, facts: Facts, cleared: bool) -> str:
    if not item or not item.is_open:
        return Act.NOTHING
    return Act.WAKE if what_is_new(response, facts, item) else Act.EVIDENCE


def _nothing(response: Response, item: ItemState | None, facts: Facts, cleared: bool) -> str:
    return Act.NOTHING


OPENS = {
    Response.HUMAN: Act.TASK,
    Response.AUTOMATED: Act.RUN,
    Response.MONITOR: Act.WATCH,
    Response.RECORD: Act.NOTHING,
}
ACTS = {
    None: _open,
    Suppression.OPEN_ITEM: _add,
    Suppression.DWELL: _add,
    Suppression.COOL_DOWN: _nothing,
    Suppression.HOLD_OUT: _nothing,
    Suppression.KILL_SWITCH: _nothing,
}


# ── What comes first ──────────────────────────────────────────────────────────────────────────────────────────────

# Days to the notice date or to the end of the insight's window → how much more it presses.
URGENCY = ((7, Decimal("2.0")), (30, Decimal("1.5")), (90, Decimal("1.2")))


def priority_of(facts: Facts, now: datetime) -> Priority:
    """Revenue exposed × probability × share that acting changes × urgency (PRODUCT.md, Meanings)."""
    claim, stake = facts.claim, facts.stake
    window = (claim.expires_at - now).days, "end of the window"
    days, until = window if stake.days_left is None else (stake.days_left, stake.days_left_to)
    urgency = next((factor for limit, factor in URGENCY if days <= limit), Decimal(1))
    if claim.probability is not None:
        probability, source = claim.probability, f"as supplied by {claim.model}"
    elif claim.probability_only:
        probability, source = claim.confidence, f"as supplied by {claim.model}"
    else:
        probability, source = stake.base_rate, "base rate of the type: none was supplied"
    value = (stake.revenue or Decimal(0)) * probability * stake.acting_share * urgency
    parts = (
        ("revenue exposed", stake.revenue, stake.revenue_from),
        ("probability", probability, source),
        ("share that acting changes", stake.acting_share, "prior, not measured yet"),
        ("urgency", urgency, f"{days} days to the {until}"),
    )
    return Priority(value.quantize(Decimal("0.01")), parts)
