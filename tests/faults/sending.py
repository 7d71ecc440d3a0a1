"""Senders that never give up: every insight three times, at once, singly and in bulk, until it is acknowledged."""

from __future__ import annotations

import http.client
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import count
from random import Random
from threading import Barrier, BrokenBarrierError, Event, Lock
from typing import Any

from tests.faults.customers import Sender, insights

COPIES = 3
ROUND = 24
PAUSE_SECONDS = 1.0
RETRY_SECONDS = 0.1
RETRIES = 1200  # two minutes of a server that is not there
AWAY = (429, 503)


class NeverAnswered(Exception):
    """A call was not answered within all retries."""


@dataclass
class Log:
    """What was promised: for each record the ids it was acknowledged with, and every answer that was wrong."""

    ids: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    copies: Counter[tuple[str, str]] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)
    given_up: bool = False

    def acknowledge(self, sender: Sender, result: dict[str, Any]) -> None:
        key = (sender.slug, result["external_id"])
        with self.lock:
            self.answers[result["status"]] += 1
            if result["status"] == "rejected":
                self.wrong.append(f"{key} was rejected: {result.get('errors')}")
                return
            self.ids[key].add(result["id"])
            self.copies[key] += 1

    def complain(self, text: str) -> None:
        with self.lock:
            self.wrong.append(text)


@dataclass
class Caller:
    """One connection, made anew whenever it breaks."""

    port: int
    log: Log
    timeout: float = 15

    def call(self, sender: Sender, path: str, body: Any, *, key: str = "") -> dict[str, Any]:
        """The answer once there is one. A call that was cut off, or put off properly, is made again."""
        for _ in range(RETRIES):
            if self.log.given_up:
                break
            try:
                status, headers, text = self.try_once(sender, path, body, key=key)
            except (OSError, http.client.HTTPException):
                time.sleep(RETRY_SECONDS)
                continue
            if status in (200, 201, 202):
                answer: dict[str, Any] = json.loads(text)
                return answer
            if not (status in AWAY or (status == 409 and key)) or "Retry-After" not in headers:
                self.log.complain(f"{path} answered {status} {dict(headers)} {text[:200]!r}")
            time.sleep(RETRY_SECONDS)
        raise NeverAnswered(path)

    def try_once(
        self, sender: Sender, path: str, body: Any, *, key: str = ""
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
        headers = {"Authorization": f"Bearer {sender.token}", "Content-Type": "application/json"}
        try:
            connection.request("POST", path, json.dumps(body), headers | ({"Idempotency-Key": key} if key else {}))
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()


@dataclass
class Senders:
    """`COPIES` threads for each sender, all sending the same rounds, each in its own way."""

    port: int
    senders: list[Sender]
    now: datetime
    log: Log = field(default_factory=Log)
    stopped: Event = field(default_factory=Event)
    going_on: dict[str, bool] = field(default_factory=dict)
    jobs: list[Future[None]] = field(default_factory=list)

    def begin(self, pool: ThreadPoolExecutor) -> None:
        for sender in self.senders:
            together = Barrier(COPIES, partial(self._decide, sender))
            self.jobs += [pool.submit(self.send, sender, copy, together) for copy in range(COPIES)]

    def are_done(self) -> bool:
        """Once told to stop: whether all of them have sent everything."""
        return all(job.done() for job in self.jobs)

    def send(self, sender: Sender, copy: int, together: Barrier) -> None:
        """Round after round, each by all copies at once, until told to stop."""
        random, caller = Random(f"{sender.slug}/{copy}"), Caller(self.port, self.log)
        try:
            for round_ in count(1):
                together.wait()
                if not self.going_on[sender.slug]:
                    return
                items = list(insights(sender, round_, ROUND, now=self.now))
                random.shuffle(items)
                self._send_round(caller, sender, items, key=f"{copy}/{round_}" if copy == 1 else "", random=random)
                self.stopped.wait(PAUSE_SECONDS)
        except BrokenBarrierError:
            return  # another copy gave up, and says why
        except BaseException:
            together.abort()
            raise

    def _decide(self, sender: Sender) -> None:
        self.going_on[sender.slug] = not self.stopped.is_set()

    def _send_round(
        self, caller: Caller, sender: Sender, items: list[dict[str, Any]], *, key: str, random: Random
    ) -> None:
        split = random.randrange(4, len(items))
        for item in items[:split] if not key else ():
            self.log.acknowledge(sender, caller.call(sender, "/api/v1/insights", item))
        rest = items if key else items[split:]
        for result in caller.call(sender, "/api/v1/insights/bulk", rest, key=key)["results"]:
            self.log.acknowledge(sender, result)


@contextmanager
def sending(port: int, senders: list[Sender], now: datetime) -> Iterator[Senders]:
    """Senders at work; at the end all of them have sent everything."""
    work = Senders(port, senders, now)
    with ThreadPoolExecutor(len(senders) * COPIES) as pool:
        work.begin(pool)
        try:
            yield work
        except BaseException:
            work.log.given_up = True
            raise
        finally:
            work.stopped.set()
    for job in work.jobs:
        job.result()
