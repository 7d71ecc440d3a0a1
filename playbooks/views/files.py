"""Lists as files: the columns that several screens share."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from core.export import Column
from playbooks.queries.work import Work

WORK_COLUMNS: tuple[Column[Work], ...] = (
    Column(gettext_lazy("Account"), lambda work: work.task.about),
    Column(gettext_lazy("Task"), lambda work: work.task.title),
    Column(gettext_lazy("Owner"), lambda work: work.task.assignee),
    Column(gettext_lazy("Lane"), lambda work: work.lane),
    Column(gettext_lazy("Next deadline"), lambda work: work.deadline.whole),
    Column(gettext_lazy("Due"), lambda work: work.task.due_at),
    Column(gettext_lazy("Revenue a year"), lambda work: work.exposed.amount, "accounts.arr"),
    Column(gettext_lazy("Currency"), lambda work: work.exposed.currency),
)
