"""Doors to other systems: one that is told of our news, one that is read on a schedule, one that is looked up live.

All three are off: what they look like is shown, and nothing leaves.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from core.models import User
from intake.enums import Happening, SourceMode
from intake.models import Source
from intake.services.federating import LookUpTerms, save_look_up
from intake.services.pulls import PullTerms, create_pull
from intake.services.webhooks import create_webhook, switch_webhook

NOBODY = "http://127.0.0.1:9"  # where nothing listens
CHAT = "https://chat.example.com/hooks/cx-ops"
NEW: tuple[tuple[str, str, SourceMode], ...] = (
    ("chat", "Team chat", SourceMode.PROPAGATE),
    ("licences", "Licence server", SourceMode.FEDERATE),
)
RUNBOOK = "Ask its administrator whether the address still holds."
# How long ago each was hung, and how long it was before nobody was found to have the chat's address.
HOOKED, FETCHED, ASKED = timedelta(days=23, hours=2), timedelta(days=9, hours=4, minutes=11), timedelta(days=2, hours=5)
NOTICED = timedelta(hours=3, minutes=26)
SHOWN = "/plan plan text\n/seats seats number\n"


def hang_doors(*, crm: Source, desk: Source, now: datetime) -> None:
    """A webhook and a pull, both switched off, and a look-up: none is on."""
    otto, kai = (User.objects.get(username=username) for username in ("otto", "kai"))
    chat, licences = (
        Source.objects.create(
            slug=slug, name=name, owner=otto, backup=kai, mode=mode, account_namespace=crm, runbook=RUNBOOK
        )
        for slug, name, mode in NEW
    )
    # Nobody has this address either, so it is off before anything happens.
    told = [Happening.DECISION_MADE, Happening.OUTCOME_RECORDED]
    hook, _ = create_webhook(source=chat, url=CHAT, happenings=told, by=otto, now=now - HOOKED)
    switch_webhook(hook=hook, on=False, by=otto, now=now - HOOKED + NOTICED, why="Until the team has a channel for it.")
    terms = PullTerms(url=f"{NOBODY}/tickets.csv", at_time=time(5, 30), timezone="Europe/Lisbon")
    create_pull(source=desk, kind="tickets", terms=terms, by=otto, now=now - FETCHED, is_on=False)
    asked = LookUpTerms(url=f"{NOBODY}/customers/{{external_id}}", fields=SHOWN, keep_minutes=60, is_on=False)
    save_look_up(source=licences, terms=asked, by=otto, now=now - ASKED)
