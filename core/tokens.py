"""The colours of static/css/tokens.css for what no style sheet reaches: e-mails. The light half of each."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from django.conf import settings

TOKENS = Path("static/css/tokens.css")
_TOKEN = re.compile(r"--([\w-]+):\s*(?:light-dark\(\s*([^,()]+?)\s*,|(#[0-9a-f]{3,8})\s*;)")


@lru_cache(maxsize=1)
def light_colours() -> dict[str, str]:
    """Each colour by its name with underscores, such as `brand_text`."""
    css = (settings.BASE_DIR / TOKENS).read_text(encoding="utf-8")
    return {name.replace("-", "_"): light or plain for name, light, plain in _TOKEN.findall(css)}
