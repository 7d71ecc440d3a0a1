"""The e-mail backend of an installation without a mail server: messages are rows that a page shows."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import make_msgid

from core.models import Mail


class MailboxBackend(BaseEmailBackend):
    """Stores messages as `core.Mail`. A message whose Message-ID is there already is not stored again."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """How many were taken; a repeated one counts as taken."""
        Mail.objects.bulk_create(
            (
                Mail(
                    message_id=message.extra_headers.get("Message-ID") or make_msgid(domain="mailbox.invalid"),
                    sender=message.from_email,
                    to=message.recipients(),
                    subject=str(message.subject),
                    body=str(message.body),
                )
                for message in email_messages
            ),
            ignore_conflicts=True,
        )
        return len(email_messages)
