"""Signs of life of what runs by itself."""

from __future__ import annotations

from core.bulk import execute

TICK = "tick"
BEAT = """
INSERT INTO core_heartbeat (name, at) VALUES (%s, clock_timestamp())
ON CONFLICT (name) DO UPDATE SET at = excluded.at
"""


def note_heartbeat(name: str) -> None:
    """`name` has just run."""
    execute(BEAT, [name])
