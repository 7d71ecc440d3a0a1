"""`./cx faults`: kills, flushes and stops while insights arrive, then counts. Exit code 1 on any violation."""

from __future__ import annotations

import argparse
import os
import sys
import time
from random import Random

import django
import psycopg

from cx_ops.launch import signals
from cx_ops.launch.errors import say
from tests.faults.plant import Plant, migrated, planted

SHORT = 30
SENDERS = 3
QUIET_SECONDS = 180
QUIET = """
SELECT NOT EXISTS (SELECT FROM core_batch)
   AND NOT EXISTS (SELECT FROM playbooks_effect WHERE status = 'due')
   AND NOT EXISTS (SELECT FROM playbooks_runstep AS s JOIN playbooks_run AS r ON r.id = s.run_id
                   WHERE s.status = 'due' AND r.status = 'live' AND s.due_at <= clock_timestamp())
"""


def main() -> int:
    chosen = _parse()
    signals.install()
    try:
        return _run(chosen)
    except signals.Stopped as stopped:
        return 128 + stopped.number


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./cx faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=SHORT, help="1000: the long form; 0: none (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="decides what is killed when (default: %(default)s)")
    parser.add_argument("--pause", type=float, default=1.0, help="mean seconds between kills (default: %(default)s)")
    parser.add_argument("--every", type=int, default=1, help="kill imports at each n-th boundary; 0: leave it out")
    parser.add_argument("--untimed", action="store_true", help="a slow recovery is told, but is no violation")
    return parser.parse_args()


def _run(chosen: argparse.Namespace) -> int:
    with migrated() as (ready, environ):
        os.environ.update(environ)
        django.setup()
        # These need Django to be there.
        from core.bulk import database_now
        from tests.faults import boundaries, chaos, customers, sending, summary, verdict

        now = database_now()
        senders = customers.make_company(now, SENDERS)
        at_boundaries = boundaries.kill_everywhere(chosen.every) if chosen.every else boundaries.Found()
        sys.stdout.write("\n".join([at_boundaries.as_line(), *at_boundaries.wrong[:20], ""]))
        if not chosen.kills:
            return 1 if at_boundaries.wrong else 0
        with planted(ready, environ) as plant:
            caller = sending.Caller(plant.port, sending.Log())
            caller.call(senders[0], "/api/v1/accounts/bulk", customers.accounts(customers.KNOWN))
            with sending.sending(plant.port, senders, now) as work:
                trouble = chaos.Chaos(plant, work, Random(chosen.seed), chosen.pause)
                trouble.run(chosen.kills)
                work.stopped.set()
                plant.supervisor.wait_until(work.are_done, what="The end of the senders", seconds=QUIET_SECONDS)
            caller.call(senders[0], "/api/v1/accounts/bulk", customers.accounts(customers.LATE))
            say("waiting until all is quiet")
            quiet = _wait_until_quiet(plant)
        found = verdict.examine(work.log, trouble.probes)
        found.found["not quiet"] = [] if quiet else ["work was left when patience was over"]
        found.found["outages handled wrongly"] = trouble.complaints(timed=not chosen.untimed)
        sys.stdout.write(summary.summarise(trouble, found, seed=chosen.seed))
        return 1 if found.violations or at_boundaries.wrong else 0


def _wait_until_quiet(plant: Plant) -> bool:
    """Until nothing waits; back-offs and leases are ended early, and the clock is rung more often than by the beat."""
    from tests.faults.chaos import end_leases

    ends = time.monotonic() + QUIET_SECONDS
    while time.monotonic() < ends:
        try:
            with psycopg.connect(plant.services.database_url, connect_timeout=5) as connection:
                row = connection.execute(QUIET).fetchone()
            if row and row[0]:
                return True
            end_leases(plant)
        except psycopg.Error:
            pass
        _ring()
        plant.supervisor.rest(1.5)
    return False


def _ring() -> None:
    from core.doorbell import ring

    ring("cx_ops.tasks.tick")


if __name__ == "__main__":
    sys.exit(main())
