"""What a playbook's step may do by itself, and the words it is written with."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from playbooks.enums import AutomationClass, StepKind

CLASS_OF = {
    StepKind.WAIT: AutomationClass.SUGGEST,
    StepKind.TASK: AutomationClass.ASSIGN,
    StepKind.EMAIL: AutomationClass.NOTIFY,
}
# Contacting a customer is never among them: it needs an approval of its own.
ALONE = frozenset({AutomationClass.SUGGEST, AutomationClass.ASSIGN, AutomationClass.NOTIFY})


def may_run_alone(kind: StepKind) -> bool:
    """Whether an automated run may do such a step without a person's approval."""
    return CLASS_OF[kind] in ALONE


def fill(template: str, values: Mapping[str, str]) -> str:
    """`template` with each {name} of `values` put in; unknown names and braces stay as they are."""
    for name, value in values.items():
        template = template.replace("{" + name + "}", value)
    return template


def per_cent(confidence: Decimal) -> str:
    """A confidence as people read it: 0.934 → "93 %", rounded down so that no band is overstated."""
    return f"{int(confidence * 100)} %"
