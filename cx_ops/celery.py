"""The Celery application: a doorbell only; the database is the queue (see docs/adr)."""

import os

from celery import Celery
from celery.signals import worker_process_init

from core.memory import expect_batches

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cx_ops.settings")

app = Celery("cx_ops")
# Without this, only the thread that imported the application would ring its broker.
app.set_default()
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# A tick that no worker took before the next one is due is thrown away: the sweep looks at rows, not at ticks.
app.conf.beat_schedule = {
    "advance": {"task": "cx_ops.tasks.advance", "schedule": 5.0, "options": {"expires": 5.0}},
    "tick": {"task": "cx_ops.tasks.tick", "schedule": 30.0, "options": {"expires": 30.0}},
    "pulls": {"task": "cx_ops.tasks.run_pulls", "schedule": 30.0, "options": {"expires": 30.0}},
    "outward": {"task": "cx_ops.tasks.send_outward", "schedule": 5.0, "options": {"expires": 5.0}},
}


@worker_process_init.connect
def begin_work(**_: object) -> None:
    """A process of the worker has begun."""
    expect_batches()
