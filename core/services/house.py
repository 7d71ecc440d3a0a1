"""House rules: rows that a manager sets for everybody, kept by three use cases, each with a record of its own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from core.models import Act, User
from core.services.acts import record_act

M = TypeVar("M", bound=models.Model)
# Whether a row may become what it is now to be: raises `HouseRuleRefused`. Runs in the transaction that writes.
Check = Callable[[Any, datetime], None]


class HouseRuleRefused(Exception):
    """The rule may not be so; says what to do. `field` is the input that is wrong."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class HouseRuleChanged(HouseRuleRefused):
    """It was changed or removed since the page was made; says by whom."""


def print_of(row: models.Model, fields: Iterable[str]) -> str:
    """What somebody must have seen of a row to change it: a short digest of these fields."""
    return hashlib.sha256(json.dumps(_values(row, fields)).encode()).hexdigest()[:16]


@transaction.atomic
def add_house_rule(row: M, *, check: Check, by: User, now: datetime, fields: Iterable[str]) -> M:
    """Write a new row. Raises `HouseRuleRefused`."""
    check(row, now)
    _write(row, force_insert=True)
    record_act("rule_added", row, by=by, now=now, data={"name": str(row), "after": _values(row, fields)})
    return row


@transaction.atomic
def change_house_rule(
    row: M, *, values: Mapping[str, Any], seen: str, check: Check, by: User, now: datetime
) -> dict[str, Any]:
    """Give a row these values, if it is still what `seen` (`print_of`) says; what changed, as it is now.

    Raises `HouseRuleChanged`, `HouseRuleRefused`.
    """
    locked = _locked(row, values, seen, by)
    before = _values(locked, values)
    for name, value in values.items():
        setattr(locked, name, value)
    after = _values(locked, values)
    changed = [name for name in after if after[name] != before[name]]
    if not changed:
        return {}
    check(locked, now)
    _write(locked, update_fields=changed)
    data = {
        "name": str(locked),
        "before": {name: before[name] for name in changed},
        "after": {name: after[name] for name in changed},
    }
    record_act("rule_changed", locked, by=by, now=now, data=data)
    return {name: values[name] for name in changed}


@transaction.atomic
def remove_house_rule(
    row: models.Model, *, fields: Iterable[str], seen: str, check: Check, by: User, now: datetime
) -> None:
    """Remove a row. Raises `HouseRuleChanged`, `HouseRuleRefused`."""
    fields = tuple(fields)
    locked = _locked(row, fields, seen, by)
    check(locked, now)
    record_act("rule_removed", locked, by=by, now=now, data={"name": str(locked), "before": _values(locked, fields)})
    locked.delete()


def _locked(row: M, fields: Iterable[str], seen: str, by: User) -> M:
    locked = type(row)._default_manager.select_for_update(of=("self",)).filter(pk=row.pk).first()
    if locked is None:
        raise HouseRuleChanged(
            _("%(who)s removed it while you had it open here.") % {"who": _quicker(row, "rule_removed", by, {})}
        )
    now = _values(locked, fields)
    if print_of(locked, fields) != seen:
        words = _("%(who)s changed it while you had it open here. Below is what you typed: save it, or cancel.")
        raise HouseRuleChanged(words % {"who": _quicker(row, "rule_changed", by, now)})
    return locked


def _quicker(row: models.Model, verb: str, by: User, now: Mapping[str, Any]) -> str:
    """Who did that last, if what they made of it is what it is `now`: another way than this one leaves no such act."""
    last = Act.objects.filter(subject_type=type(row).__name__.lower(), subject_id=str(row.pk), verb=verb).first()
    if last is None or last.by is None or not last.data.get("after", {}).items() <= now.items():
        return _("Somebody")
    return _("You, in another window,") if last.by == by else str(last.by)


def _write(row: models.Model, **how: Any) -> None:
    try:
        with transaction.atomic():
            row.save(**how)
    except IntegrityError as error:
        raise HouseRuleRefused(_("There is one like this already. Change that one instead.")) from error


def _values(row: models.Model, fields: Iterable[str]) -> dict[str, Any]:
    """Plain values by name, a reference as its key."""
    columns = {column.name: column.attname for column in row._meta.concrete_fields}
    found = {name: getattr(row, columns[name]) for name in sorted(fields)}
    plain: dict[str, Any] = json.loads(json.dumps(found, cls=DjangoJSONEncoder))
    return plain
