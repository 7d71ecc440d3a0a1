"""The fictional book, lived day by day: what arrives, what falls due, what people do, each at its own clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from uuid import UUID

from accounts.models import Account, AccountKey
from core.models import Team
from core.services import record_act
from cx_ops import pipeline
from cx_ops.demo import billing, chores, deeds, evidence, feeds, habits, people, scores, stories
from cx_ops.demo.arrivals import Door, advance
from cx_ops.demo.book import DIGITAL_TIER, LEAVER, Book
from cx_ops.demo.conduct import Desk
from cx_ops.demo.days import NIGHT, TICK, ZONES, arrival, at, is_workday, workdays_before
from cx_ops.demo.feeds import Feed
from decisions.queries.losses import losses
from insights.services import raise_insight
from intake.models import Source
from playbooks.models import Task
from playbooks.services import tasks

Moment = tuple[datetime, str, tuple[str, ...]]
CONCERNS, CHORES = time(19), time(9, 50)
MORNING = time(9, 5)
# When people work through their queues, by their own clock.
SESSIONS = (
    ("emea", ("ana", "ben", "hana", "juno", "kai"), time(10, 30)),
    ("amer", ("dev", "edda", "finn", "gus", "ivo", "mara"), time(10, 30)),
    ("apac", ("cleo",), time(15, 30)),  # after the day's scores, which are made at four in the morning UTC
)


class History:
    """A book on its way from its first day to `now`."""

    def __init__(self, book: Book, door: Door, *, now: datetime) -> None:
        self.book, self.door, self.now = book, door, now
        self.accounts: Mapping[str, UUID] = {}
        self.acts = 0
        self.behind = evidence.behind_claims(scores.lately(book), people=feeds.contacts)

    def open(self) -> None:
        """The first export, and the territories of those without a manager of their own."""
        start = arrival(self.book.first_day)
        self.door.deliver(feeds.opening(self.book), now=start)
        self.accounts = dict(AccountKey.objects.filter(kind="external_id").values_list("value", "account_id"))
        draw_territories(now=start)
        self.desk = Desk({self.accounts[customer.external_id]: customer for customer in self.book.customers})

    def live(self) -> None:
        """Every moment of every day up to `now`."""
        for day in self.book.days():
            for moment, what, who in self._moments(day):
                if moment <= self.now:
                    getattr(self, f"_{what}")(day, moment, who)
        advance(self.now)

    def _moments(self, day: date) -> Iterator[Moment]:
        """What happens on a day, in the order of its clocks."""
        moments: list[Moment] = [(arrival(day), "arrive", ()), (at(day, TICK), "tick", ())]
        if is_workday(day):
            moments += [(at(day, CONCERNS), "raise", ())]
            moments += [(at(day, clock, ZONES[office]), "work", who) for office, who, clock in SESSIONS]
            moments += [
                (at(day, TICK).replace(hour=deed.hour), "follow", (str(number),))
                for number, (deed, _) in enumerate(stories.deeds(self.book, day))
            ]
        if day > workdays_before(self.book.today, habits.DIGEST_DAYS) and is_workday(day):
            moments.append((at(day, MORNING, ZONES["emea"]), "begin", ()))
        if day == workdays_before(self.book.today, habits.SIGNED_DAYS):
            moments.append((at(day, MORNING, ZONES["amer"]), "sign", ()))
        if day == workdays_before(self.book.today, 1):
            moments.append((at(day, CONCERNS), "ask", ()))
        if is_workday(day) and day >= chores.first_day(self.book):
            moments.append((at(day, CHORES, ZONES["amer"]), "plan", ()))
        if day == self.book.left_on:
            moments.append((at(day, NIGHT), "leave", ()))
        yield from sorted(moments, key=lambda moment: moment[0])

    def _arrive(self, day: date, now: datetime, who: tuple[str, ...]) -> None:
        found: list[Feed] = [
            *feeds.exports(self.book, day),
            *stories.feeds(self.book, day),
            *(self._evidence(day) if feeds.exported_on(self.book, day) else ()),
            ("house", "insights", scores.house_scores(self.book, day)),
            ("vendor", "insights", scores.vendor_scores(self.book, day)),
        ]
        self.door.deliver(found, now=now)
        has_file = billing.send_file(self.book, day, self.door.sources[billing.SLUG], now=now)
        if has_file or any(items for _, _, items in found):
            advance(now)

    def _evidence(self, day: date) -> Iterator[Feed]:
        """What happened behind claims before `day` and was in no export yet."""
        until = day.isoformat()
        for source, kind, items in self.behind:
            sent = [item for item in items if str(item["happened_at"]) < until]
            items[:] = [item for item in items if str(item["happened_at"]) >= until]
            yield source, kind, sent

    def _tick(self, day: date, now: datetime, who: tuple[str, ...]) -> None:
        pipeline.tick_all(now)

    def _begin(self, day: date, now: datetime, who: tuple[str, ...]) -> None:
        habits.begin_day(now)

    def _sign(self, day: date, now: datetime, who: tuple[str, ...]) -> None:
        habits.sign_hold_out(now)

    def _work(self, day: date, now: datetime, who: tuple[str, ...]) -> None:
        absent = {name for name in who if name == LEAVER and day > self.book.left_on}
        absent |= {name for name in who if people.is_away(name, day, today=self.book.today)}
        self.acts += self.desk.work(sorted(set(who) - absent), now=now, until=self.now)

    def _follow(self, day: date, now: datetime, who: tuple[str, ...]) -> None:
        deed, customer = stories.deeds(self.book, day)[int(who[0])]
        deeds.perform(deed, self.accounts[customer.external_id], users=self.desk.users, now=now)

    def _raise(self, day: date, now: datetime, who: tuple[str, ...]) -> None:
        for concern in scores.concerns(self.book, day):
            by = self.desk.users[concern.who]
            account = Account.objects.get(id=self.accounts[concern.customer.external_id])
            raise_insight(
                by=by,
                account=account,
                type="churn_risk",
                confidence=concern.confidence,
                reason=concern.reason,
                talking_points=["Heard in a call: ask again, and listen."],
                now=now,
            )
            self.door.confidences.append((Source.objects.get(person=by).slug, concern.confidence))
            advance(now)

    def _ask(self, day: date, now: datetime, who: tuple[str, ...]) -> None:
        """The manager asks somebody for something by hand; the leads have read their alerts."""
        habits.read_alerts(now)
        habits.save_segments(now)
        for favour in stories.FAVOURS:
            theirs = [
                customer
                for customer in self.book.named()
                if customer.people["csm"] == favour.who and not customer.has_left(day)
                if (customer.name == favour.about if favour.about else not customer.is_story)
                if not losses(self.accounts[customer.external_id]).exists()
            ]
            if theirs:
                tasks.create_task(
                    account=Account.objects.get(id=self.accounts[theirs[0].external_id]),
                    title=favour.title,
                    text=favour.text,
                    by=self.desk.users["mara"],
                    assignee=self.desk.users[favour.who],
                    due_at=chores.due_at(day + timedelta(days=favour.days), theirs[0]),
                    now=now,
                )

    def _plan(self, day: date, now: datetime, who: tuple[str, ...]) -> None:
        """What success managers write down for terms that end; not where they have a task already or said that the
        customer is lost, nor while they are away."""
        for chore in chores.chores(self.book, day):
            account = Account.objects.get(id=self.accounts[chore.customer.external_id])
            is_away = people.is_away(chore.who, day, today=self.book.today)
            is_busy = Task.objects.active().filter(account=account).exists()
            if not is_away and not is_busy and not losses(account.pk).exists():
                by = self.desk.users[chore.who]
                tasks.create_task(
                    account=account,
                    title=chore.title,
                    text=chore.text,
                    by=by,
                    assignee=by,
                    due_at=chore.due_at,
                    now=now,
                )

    def _leave(self, day: date, now: datetime, who: tuple[str, ...]) -> None:
        leaver, manager = (self.desk.users[name] for name in (LEAVER, "mara"))
        tasks.hand_over(user=leaver, by=manager, now=now)
        tasks.deactivate_user(user=leaver, by=manager, now=now)


def draw_territories(*, now: datetime) -> None:
    """Give the accounts that have no manager of their own to the team of their region."""
    for region, team in {"emea": people.EMEA, "apac": people.EMEA, "amer": people.AMER}.items():
        chosen = Team.objects.get(name=team)
        Account.objects.filter(tier=DIGITAL_TIER.slug, region=region).update(team=chosen)
        record_act("territory-drawn", chosen, now=now, actor="demo", why=f"Digital accounts of {region}.")
