"""A reader of webhooks in a process of its own, as somebody else would write it: `python -m tests.receiver SECRET …`.

Prints its port, then a line of JSON for each message: the path, the id, which of its secrets verified it (by the
package standardwebhooks), and the body. It answers with the status that the path names, such as /410.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

SECRETS = sys.argv[1:]


class Reader(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        verified = [secret for secret in SECRETS if self.is_by(secret, body)]
        line = {"path": self.path, "id": self.headers["webhook-id"], "verified": verified, "body": json.loads(body)}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        status = int(self.path.strip("/"))
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "7200")
        self.end_headers()
        self.wfile.write(b"said \x1b[31mso\x1b[0m " * 100)

    def is_by(self, secret: str, body: bytes) -> bool:
        try:
            Webhook(secret).verify(body.decode(), dict(self.headers.items()))
        except WebhookVerificationError:
            return False
        return True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: only what was read is said."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Reader)
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()
