"""What goes wrong, in an order that a seed decides."""

from __future__ import annotations

import http.client
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

import psycopg

from cx_ops.launch.errors import say
from tests.faults.customers import Sender, insights
from tests.faults.plant import Plant
from tests.faults.sending import Caller, Senders

RECOVERY_SECONDS = 5.0
PATIENCE_SECONDS = 300.0
POLL_SECONDS = 0.05
FLOW = 24
# How often each happens among the kills.
KILLS = {"worker child": 8, "worker": 3, "web child": 4, "web": 2, "beat": 1, "database backend": 2}
# Rows that a killed worker held are taken up again when its lease ends. Leases are ended early, under living workers
# too: that is what the token is for.
END_LEASES = (
    "UPDATE core_batch SET next_attempt_at = clock_timestamp(), leased_until = clock_timestamp()",
    "UPDATE playbooks_effect SET leased_until = clock_timestamp() WHERE status = 'due'",
)


@dataclass
class Chaos:
    """Counts what was done to the plant, and what was seen meanwhile."""

    plant: Plant
    senders: Senders
    random: Random
    pause: float
    done: Counter[str] = field(default_factory=Counter)
    recoveries: list[float] = field(default_factory=list)
    put_off: int = 0
    without_broker: int = 0
    probes: int = 0

    def run(self, kills: int) -> None:
        """`kills` kills, and among them the broker flushed and killed, the database stopped, leases ended.

        All kills are drawn before the first, each kind at least once. What is not up yet is killed later.
        """
        others: list[Callable[[], None]] = [
            self.flush_broker, self.end_leases, self.break_broker, self.stop_database, self.end_leases,
        ]  # fmt: skip
        every = max(kills // (len(others) + 1), 1)
        to_kill = [*KILLS, *self.random.choices([*KILLS], [*KILLS.values()], k=kills)][:kills]
        self.random.shuffle(to_kill)
        for number in range(1, kills + 1):
            self._let_flow()
            what = self._kill_one(to_kill)
            say(f"{number} of {kills}: kill -9 {what}; {len(self.senders.log.ids):,} acknowledged")
            self.plant.supervisor.rest(self.random.uniform(0.2, 1.8) * self.pause)
            if number % every == 0:
                other = others[(number // every - 1) % len(others)]
                say(other.__name__.replace("_", " "))
                other()

    def complaints(self, *, timed: bool) -> list[str]:
        """Outages in which a post was not answered as promised; `timed`: or not soon enough after."""
        found = []
        if self.put_off < self.done["database stopped"]:
            found.append("a stopped database was not answered with 503 and Retry-After")
        if self.without_broker < self.done["broker killed"]:
            found.append("nothing was taken while the broker was dead")
        slow = [seconds for seconds in self.recoveries if timed and seconds > RECOVERY_SECONDS]
        return found + [f"took {seconds:.1f} s to recover from a stopped database" for seconds in slow]

    def _let_flow(self) -> None:
        """Until something new has been acknowledged since this began: a kill shall hit a plant that is at work."""
        log = self.senders.log
        enough = len(log.ids) + FLOW
        flows = "insights to flow again"
        self.plant.supervisor.wait_until(lambda: len(log.ids) >= enough, what=flows, seconds=PATIENCE_SECONDS)

    def _kill_one(self, to_kill: list[str]) -> str:
        """Kill the first of `to_kill` that is there, and take it from the list."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < ends:
            for what in dict.fromkeys(to_kill):
                if self._kill(what):
                    to_kill.remove(what)
                    self.done[f"kill -9 {what}"] += 1
                    return what
            self.plant.supervisor.rest(POLL_SECONDS)
        raise TimeoutError(f"none of {set(to_kill)} appeared within {PATIENCE_SECONDS:.0f} s")

    def _kill(self, what: str) -> bool:
        """Whether there was one."""
        name, _, part = what.partition(" ")
        if part == "backend":
            return self.plant.kill_backend(self.random)
        return self.plant.kill_below(name, self.random) if part else self.plant.kill(name)

    def flush_broker(self) -> None:
        self.plant.flush_broker()
        self.done["broker flushed"] += 1

    def end_leases(self) -> None:
        with suppress(psycopg.Error):
            end_leases(self.plant)
            self.done["leases ended early"] += 1

    def break_broker(self) -> None:
        """Without a broker everything is taken all the same."""
        self._wait_for(is_taken)
        self.plant.kill_broker()
        self.without_broker += self._wait_for(is_taken)[0] >= 0
        self.plant.start_broker()
        self.done["broker killed"] += 1

    def stop_database(self) -> None:
        """Without a database a post is put off properly, and taken soon after the database is back."""
        self._wait_for(is_taken)
        self.plant.stop_database()
        put_off, _ = self._wait_for(lambda status, headers: status == 503 and "Retry-After" in headers)
        self.put_off += put_off >= 0
        self.plant.start_database()
        seconds, _ = self._wait_for(is_taken)
        self.recoveries.append(seconds if seconds >= 0 else PATIENCE_SECONDS)
        self.done["database stopped"] += 1

    def _wait_for(self, wanted: Callable[[int, http.client.HTTPMessage], bool]) -> tuple[float, int]:
        """Seconds until a post is answered as wanted, -1 if never; and the last status."""
        begun, status, sender = time.monotonic(), 0, self.senders.senders[0]
        caller = Caller(self.plant.port, self.senders.log, timeout=10)
        while (waited := time.monotonic() - begun) < PATIENCE_SECONDS:
            with suppress(OSError, http.client.HTTPException):
                status, headers, _ = caller.try_once(sender, "/api/v1/insights", self._probe(sender))
                if wanted(status, headers):
                    return waited, status
            self.plant.supervisor.rest(POLL_SECONDS)
        return -1.0, status

    def _probe(self, sender: Sender) -> dict[str, object]:
        self.probes += 1
        [item] = insights(sender, -self.probes, 1, now=self.senders.now)
        return item | {"external_id": f"probe-{self.probes}", "account": {"external_id": "known-0"}}


def is_taken(status: int, headers: http.client.HTTPMessage) -> bool:
    return status in (200, 201, 202)


def end_leases(plant: Plant) -> None:
    """End every lease and back-off. Raises psycopg.Error while the database is away."""
    with psycopg.connect(plant.services.database_url, connect_timeout=5) as connection:
        for statement in END_LEASES:
            connection.execute(statement)
