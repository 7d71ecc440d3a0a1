"""Taking an import of accounts back: what its records said is unsaid, and accounts show what holds without it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.enums import Evidence
from accounts.models import Account, AccountKey, Link, Prior
from accounts.queries.policies import current_policy
from accounts.services.board import Board, Held, open_board, people_of
from accounts.services.links import write_sayings
from accounts.services.parking import lock_keys
from accounts.services.places import accounts_with_rows
from accounts.services.reverting import forget, newest
from accounts.services.reviving import WHY
from core.models import User
from core.services import record_acts
from intake.rules import FieldChange, Undone


def undo_accounts(*, import_id: UUID, by: User | None, now: datetime, actor: str = "") -> Undone:
    """Take back some of what an import of accounts said, the newest first, in the caller's transaction.

    An account that only this import made, and on which nothing hangs, is archived and its key is free again; the same
    record makes it live again (`reviving`). What something later wrote stays, and is listed.
    """
    lock_keys()
    priors, rest = newest(import_id, "accounts")
    call = _Call(priors, by, actor, now)
    call.run()
    forget(priors)
    return Undone(
        restored=call.restored, removed=len(call.archived), kept=call.kept, rows=len(priors), rest=rest
    )  # fmt: skip


class _Call:
    """One batch of priors."""

    def __init__(self, priors: list[Prior], by: User | None, actor: str, now: datetime) -> None:
        self.priors, self.by, self.actor, self.now = priors, by, actor, now
        self.restored, self.kept = 0, list[FieldChange]()
        self.archived: set[UUID] = set()
        self.said: dict[UUID, Held] = {}
        self.unsaid: dict[UUID, set[str]] = {}
        self.revoked: set[UUID] = set()
        self.teams: dict[UUID, tuple[str | None, str | None]] = {}

    def run(self) -> None:
        about = Link.objects.filter(pk__in=[prior.row_id for prior in self.priors], revoked_at=None)
        rows = dict(about.values_list("pk", "account_id"))
        rules = dict(about.values_list("pk", "rule"))
        entries = [
            (name, entry) for prior in self.priors for name, was in prior.fields.items() for entry in was if entry
        ]
        named = {entry[0] for name, entry in entries if name.startswith("people.") and entry[0]}
        board = open_board(set(rows.values()), now=self.now, policy=current_policy(), people=people_of(named))
        links = {link.id: link for held in board.links.values() for link in held}
        occupied = accounts_with_rows(board.accounts)
        for prior in self.priors:
            link = links.get(prior.row_id)
            if link is not None and link.account_id in board.accounts:
                alone = prior.made and self._may_go(link, board, occupied, rules[link.id])
                keep = prior.made and not alone and rules[link.id] == Evidence.NEW
                self._unsay(prior, link, held_by=occupied.get(link.account_id, [_("another source")]) if keep else [])
        self._let_go(board, rules)
        self._show(board)

    def _may_go(self, link: Held, board: Board, occupied: Collection[UUID], rule: str) -> bool:
        if rule != Evidence.NEW:
            return True
        others = [held for held in board.links[link.account_id] if held.id != link.id and held.id not in self.revoked]
        return not others and link.account_id not in occupied

    def _unsay(self, prior: Prior, link: Held, *, held_by: list[str]) -> None:
        """Put back what the record said before. held_by: what hangs on the account that it made, so that it stays."""
        if held_by:
            self.kept.append(FieldChange(prior.external_id, "", link.values.get("name", [""])[0], ", ".join(held_by)))
            return
        for field, (before, after) in prior.fields.items():
            if field == "team":
                self.teams[link.account_id] = before[0], after[0]
            elif link.values.get(field) == after:
                self._put(link, field, before)
            else:
                held = link.values.get(field)
                self.kept.append(FieldChange(prior.external_id, field, after and after[0], held[0] if held else None))
        if prior.made and not link.values:
            self.revoked.add(link.id)

    def _put(self, link: Held, field: str, before: list[object] | None) -> None:
        if before is None:
            del link.values[field]
        else:
            link.values[field] = before
        self.said[link.id] = link
        self.unsaid.setdefault(link.account_id, set()).add(field)
        self.restored += 1

    def _let_go(self, board: Board, rules: dict[UUID, str]) -> None:
        """Revoke links that only this import made, free their keys, and archive the accounts that were only theirs."""
        gone = [link for held in board.links.values() for link in held if link.id in self.revoked]
        for link in gone:
            board.links[link.account_id].remove(link)
        self.archived = {link.account_id for link in gone if not board.links[link.account_id]}
        Link.objects.filter(pk__in=self.revoked).update(revoked_at=self.now, revoked_by=self.by, revoked_why=WHY)
        for namespace in {link.namespace_id for link in gone}:
            names = [link.external_id for link in gone if link.namespace_id == namespace]
            still = Link.objects.filter(namespace_id=namespace, external_id__in=names, revoked_at=None)
            freed = set(names) - set(still.values_list("external_id", flat=True))
            AccountKey.objects.filter(namespace_id=namespace, kind="external_id", value__in=freed).delete()
        Account.objects.filter(pk__in=self.archived, archived_at=None).update(archived_at=self.now)
        record_acts(
            "archived", "account", ((id, WHY, {}) for id in sorted(self.archived)), by=self.by, actor=self.actor,
            now=self.now,
        )  # fmt: skip

    def _show(self, board: Board) -> None:
        write_sayings([link for id, link in self.said.items() if id not in self.revoked])
        for account, fields in sorted(self.unsaid.items()):
            if account not in self.archived:
                board.settle(account, sorted(fields))
        for account, (before, after) in self.teams.items():
            held = board.accounts[account]
            if account not in self.archived and str(held.team_id or "") == (after or ""):
                held.team_id = UUID(before) if before else None
                board.touched.add(account)
        board.write_accounts()
        board.write()
