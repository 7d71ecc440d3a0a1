"""What the services refuse, as problem documents; and people named in a body."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.http import Http404
from django.utils.translation import gettext as _

from core.api.problems import Problem, unprocessable
from core.models import User
from playbooks.models import Task
from playbooks.services.runs import RunRefused
from playbooks.services.tasks import TaskChanged, TaskRefused


@contextmanager
def answers_refusals(version: int | None = None) -> Iterator[None]:
    """Turn refusals into 403, 404, 409, 412 and 422; `version` is the one that the caller named."""
    try:
        yield
    except Task.DoesNotExist:
        raise Http404 from None
    except TaskChanged as changed:
        # The version is right, but the task is closed: no other version would help.
        raise Problem(409 if changed.task.version == version else 412, str(changed)) from None
    except TaskRefused as refusal:
        if refusal.forbidden:
            raise Problem(403, str(refusal)) from None
        raise unprocessable(refusal.field, "refused", str(refusal)) from None
    except RunRefused as refusal:
        raise Problem(409, str(refusal)) from None


def person_called(username: str, field: str) -> User:
    """The colleague with this user name; 422 when there is none."""
    person: User | None = User.objects.filter(username=username).first()
    if person is None:
        raise unprocessable(field, "unknown", _("There is nobody called %s here.") % username)
    return person
