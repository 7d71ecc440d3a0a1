"""The demonstrations, from an empty database to the last report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from celery import current_app

from core.bulk import execute
from cx_ops.demo import habits, people, sheets, stories
from cx_ops.demo.arrivals import Door, advance
from cx_ops.demo.beside import run_new_crm
from cx_ops.demo.book import make_book
from cx_ops.demo.cdnow import SHOP, open_folder
from cx_ops.demo.credentials import Credentials, make_credentials
from cx_ops.demo.days import arrival, last_day
from cx_ops.demo.doors import hang_doors
from cx_ops.demo.doubts import leave_doubts
from cx_ops.demo.history import History
from cx_ops.demo.morning import gather
from cx_ops.demo.replay import Replay
from cx_ops.demo.report import Report, count_bands, make_report
from cx_ops.pipeline import tick_all


@dataclass(frozen=True)
class Loaded:
    """What a demonstration leaves to be told."""

    credentials: Credentials
    report: Report


def load_book(*, scale: float, now: datetime) -> Loaded:
    """The fictional book: half a year up to `now`."""
    book = gather(stories.tell(make_book(last_day(now), scale=scale)))
    start, password = arrival(book.first_day), people.new_password()
    people.hire(now=start, password=password)
    people.set_rates(book.today)
    people.send_away(now)
    sources = people.connect(people.SOURCES, namespace="crm")
    door = Door(sources)
    history = History(book, door, now=now)
    with alone():
        history.open()
        history.live()
        leave_doubts(book, desk=sources["desk"], now=now)
        door.confidences += sheets.bring_sheets(book, sources[sheets.SLUG], crm=sources["crm"], now=now)
        run_new_crm(book, crm=sources["crm"], now=now)
        advance(now)
        hang_doors(crm=sources["crm"], desk=sources["desk"], now=now)
        tick_all(now)
        habits.keep_mail(now)
    people.name_tokens()
    token = people.give_token(sources["crm"], now=now)
    return Loaded(make_credentials(password=password, api_token=token), make_report(count_bands(door.confidences)))


def load_folder(root: Path, *, whole: bool, now: datetime) -> Loaded:
    """Real customers out of a folder, decided with the clock of each day. Raises `FolderRefused`."""
    folder = open_folder(root, today=now.date(), whole=whole)
    start, password = arrival(folder.first_day), people.new_password()
    people.hire(now=start, password=password)
    people.leave_company("gus", now=start)
    people.send_away(now)
    sources = people.connect(people.folder_sources(folder.sources), namespace=SHOP)
    with alone():
        Replay(folder, sources, now=now).run()
    token = people.give_token(sources[SHOP], now=now)
    in_files = count_bands(folder.confidences())
    return Loaded(make_credentials(password=password, api_token=token), make_report(in_files))


def load_people(*, now: datetime) -> Loaded:
    """Nobody's customers: a manager, a success manager, a leader and operations, for files of one's own."""
    password = people.new_password()
    people.hire(now=now, password=password, who=people.FEW)
    people.set_rates(now.date())
    own = people.connect(people.OWN_SOURCE)["own"]
    token = people.give_token(own, now=now)
    return Loaded(make_credentials(password=password, api_token=token), make_report())


@contextmanager
def alone() -> Iterator[None]:
    """Nothing else runs while a demonstration is loaded: nobody hears the doorbell, and a crash means a new start."""
    broker = current_app.conf.broker_url
    current_app.conf.update(broker_url="memory://localhost/")
    execute("SET synchronous_commit = off")
    try:
        yield
    finally:
        execute("RESET synchronous_commit")
        current_app.conf.update(broker_url=broker)
