"""Where a task went on that was merged."""

from __future__ import annotations

from django.db.models import Q

from core.models import Act, User
from playbooks.enums import TaskStatus
from playbooks.models import Task


def merged_into(task: Task, user: User) -> Task | None:
    """The task that `user` may see in whose favour this one ended: the one that whoever merged it chose, else the one
    about the same item, else, where two accounts became one, the one of its kind that was open on the other."""
    seen = Task.objects.visible_to(user).select_related("assignee").exclude(pk=task.pk)
    acts = Act.objects.filter(subject_type="task", subject_id=str(task.pk), verb="closed").order_by("-at", "-id")
    if chosen := next((act.data.get("ended", {}).get("into") for act in acts[:1]), None):
        return seen.filter(pk=chosen).first()
    same = Q(item=task.item_id) if task.item_id else Q(pk__in=[])
    still_open = Q(closed_at=None) | Q(closed_at__gte=task.closed_at)
    alike = Q(account=task.account_id, type=task.type_id) & still_open & Q(opened_at__lte=task.closed_at)
    kept = seen.exclude(status=TaskStatus.MERGED).order_by("-opened_at", "-id")
    return kept.filter(same).first() or (kept.filter(alike).first() if task.account_id else None)
