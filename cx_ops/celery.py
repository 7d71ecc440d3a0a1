"""The Celery application: a doorbell only; the database is the queue (see docs/adr)."""

import os
from typing import Any

from celery import Celery, Task
from celery.signals import beat_init, task_prerun, worker_process_init
from django.db import close_old_connections

from core.memory import expect_batches

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cx_ops.settings")

app = Celery("cx_ops")
# Without this, only the thread that imported the application would ring its broker.
app.set_default()
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# A job goes on with the connection of the one before, which has met its tables; Celery alone would open one a job.
app.conf.update(CELERY_DB_REUSE_MAX=500)

# A tick that no worker took before the next one is due is thrown away: the sweep looks at rows, not at ticks.
app.conf.beat_schedule = {
    "advance": {"task": "cx_ops.tasks.advance", "schedule": 5.0, "options": {"expires": 5.0}},
    "tick": {"task": "cx_ops.tasks.tick", "schedule": 30.0, "options": {"expires": 30.0}},
    "pulls": {"task": "cx_ops.tasks.run_pulls", "schedule": 30.0, "options": {"expires": 30.0}},
    "outward": {"task": "cx_ops.tasks.send_outward", "schedule": 5.0, "options": {"expires": 5.0}},
}


@task_prerun.connect
def look_at_the_connection(sender: Task[Any, Any], **_: object) -> None:
    """A job begins: one that is old, or broke under the job before, is not used again."""
    if not sender.request.is_eager:
        close_old_connections()


@worker_process_init.connect
def begin_work(**_: object) -> None:
    """A process of the worker has begun."""
    expect_batches()


@beat_init.connect
def begin_to_tick(**_: object) -> None:
    """The scheduler has begun: what fell due meanwhile is not left until its first tick half a minute later."""
    app.send_task("cx_ops.tasks.tick", **app.conf.beat_schedule["tick"]["options"])
