"""The doorbell: tells the workers that something is waiting.

The rows in the database are the truth; a ring only cuts latency. When the broker is away the ring is lost and
counted, and the next beat of the sweep does the work.
"""

from __future__ import annotations

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)
ADVANCE = "cx_ops.tasks.advance"
IMPORT = "cx_ops.tasks.run_imports"
PULLS = "cx_ops.tasks.run_pulls"
OUTWARD = "cx_ops.tasks.send_outward"


def ring(job: str) -> bool:
    """Send one nudge; False when the broker could not be reached."""
    try:
        current_app.send_task(job, ignore_result=True)
    except (OperationalError, OSError) as error:
        log.warning("the broker did not take a nudge for %s: %s", job, type(error).__name__)
        return False
    return True


def ring_on_commit(job: str = ADVANCE) -> None:
    """Ring once the current transaction has committed."""
    transaction.on_commit(lambda: ring(job), robust=True)
