"""Client libraries, as far as the wire shows them."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from django.test import Client

from intake.enums import Scope
from intake.models import Source
from tests.factories import make_token


class Sender:
    """A client library of the source, as far as the wire shows it."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.key = make_token(source, Scope.EVENTS_WRITE)[1]
        self.client = Client(raise_request_exception=False)

    def post(self, body: Any, path: str = "/v1/batch", **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        kind = named.pop("Content-Type", "application/json")
        named.setdefault("Authorization", "Basic " + b64encode(f"{self.key}:".encode()).decode())
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.generic("POST", path, data, content_type=kind, headers=named)

    def batch(self, *messages: Any, **more: Any) -> Any:
        answer = self.post({"batch": list(messages), **more})
        assert (answer.status_code, answer.json()) == (200, {"success": True})
        return answer


def track(id: str = "m1", **more: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Report opened", "userId": "u1", "messageId": id, **more}
