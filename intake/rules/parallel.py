"""Running a new feed beside an old one. Pure."""

from __future__ import annotations

from datetime import timedelta

# So long a switch can be undone: what was held is kept for it.
UNDO_WITHIN = timedelta(days=30)
