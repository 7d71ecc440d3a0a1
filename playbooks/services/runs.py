"""Everything that is done to runs of playbooks: by people, and by the engine."""

from playbooks.services.publishing import PublishRefused, check_publishable, draft_playbook, publish_playbook
from playbooks.services.running import RunRefused, complete_step, start_run, stop_run, uncomplete_step
from playbooks.services.stepping import advance_runs

__all__ = [
    "PublishRefused",
    "RunRefused",
    "advance_runs",
    "check_publishable",
    "complete_step",
    "draft_playbook",
    "publish_playbook",
    "start_run",
    "stop_run",
    "uncomplete_step",
]
