"""B4: from the POST of an urgent insight until the assignee's queue shows its task, with traffic around."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from itertools import count
from random import Random
from statistics import median, quantiles
from threading import Event

from django.urls import reverse

from bench.book import WORK, Book, empty, open_tasks
from bench.people import signed_in
from bench.processes import Stage, beating, serving, working
from bench.report import Report
from bench.sizes import Sizes
from bench.traffic import Client, Unexpected, connected, insight
from core.bulk import execute
from core.models import User

SINGLE = "/api/v1/insights"
QUEUE_LANE = "now"
SENDERS = 4
WARM_UP = 5
PATIENCE_SECONDS = 30
POLL_SECONDS = 0.01
# The measured accounts are worth more than all others, each more than the one before: its task stands on top.
WORTH = """
UPDATE accounts_account AS a SET arr_amount = 1000000000 + substr(a.name, 10)::int * 1000
FROM accounts_accountperson AS p WHERE p.account_id = a.id AND p.user_id = %s
"""


def run(report: Report, stage: Stage, book: Book, sizes: Sizes) -> None:
    empty(*WORK)
    open_tasks(book, first=0, last=sizes.open_tasks[0] - 1)
    reader = book.owners[0]
    execute(WORTH, [reader])
    User.objects.filter(id=reader).update(daily_cap=30_000)
    with ExitStack() as product:
        server = product.enter_context(serving(stage, workers=2))
        product.enter_context(working(stage, concurrency=2))
        product.enter_context(beating(stage))
        traffic = product.enter_context(_traffic(server.port, book, sizes.posts_per_second))
        sender = product.enter_context(connected(server.port, book.headers))
        browser = product.enter_context(connected(server.port, signed_in(reader)))
        times = [_seconds_until_shown(sender, browser, 1 + n, book) for n in range(WARM_UP + sizes.urgent_posts)][
            WARM_UP:
        ]
    p99 = quantiles(times, n=100)[-1]
    report.add("B4.p99_s", "urgent insight: seconds from POST to the assignee's queue, p99", p99, "< 1", len(times))
    report.note(
        "B4",
        f"{len(times)} urgent insights, median {median(times):.3f} s, p99 {p99:.3f} s, worst {max(times):.3f} s; "
        f"beside them {traffic.sent:,} other posts ({traffic.rate:.0f} a second), two web and two worker processes",
    )


def _seconds_until_shown(sender: Client, browser: Client, number: int, book: Book) -> float:
    """Post about the reader's account with this number and look until their queue names it."""
    account = number * len(book.owners)
    wanted = f"Customer {account}<".encode()
    item = insight(10_000_000 + number, account, confidence=0.97, scored_at=book.now - timedelta(hours=1))
    begun = time.perf_counter()
    answer = sender.post(SINGLE, json.dumps(item).encode())
    if answer.status != 201:
        raise Unexpected(f"{SINGLE} answered {answer.status}: {answer.body[:300]!r}")
    while time.perf_counter() - begun < PATIENCE_SECONDS:
        page = browser.get(f"{reverse('queue_rows')}?lane={QUEUE_LANE}")
        if page.status == 200 and wanted in page.body:
            return time.perf_counter() - begun
        time.sleep(POLL_SECONDS)
    raise Unexpected(f"the task about account {account} was not in the queue after {PATIENCE_SECONDS} s")


class Traffic:
    """Single insights about other people's accounts, at a steady rate, from several connections."""

    def __init__(self, port: int, book: Book, per_second: int) -> None:
        self.port, self.book, self.per_second = port, book, per_second
        self.stop, self.numbers, self.sent, self.begun = Event(), count(1), 0, time.perf_counter()
        self.at: datetime = book.now - timedelta(hours=2)

    @property
    def rate(self) -> float:
        return self.sent / self.seconds

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.begun

    def send(self, seed: int) -> None:
        random = Random(seed)
        with connected(self.port, self.book.headers) as client:
            while not self.stop.is_set():
                number = next(self.numbers)
                if (ahead := number / self.per_second - self.seconds) > 0:
                    self.stop.wait(ahead)
                account = random.randrange(1, self.book.accounts)
                account += account % len(self.book.owners) == 0  # never the reader's
                item = insight(number, account, confidence=random.random(), scored_at=self.at)
                client.post(SINGLE, json.dumps(item).encode())
                self.sent += 1


@contextmanager
def _traffic(port: int, book: Book, per_second: int) -> Iterator[Traffic]:
    traffic = Traffic(port, book, per_second)
    with ThreadPoolExecutor(SENDERS) as pool:
        jobs = [pool.submit(traffic.send, seed) for seed in range(SENDERS)]
        try:
            yield traffic
        finally:
            traffic.stop.set()
    for job in jobs:
        job.result()
