"""Forms of the house rules: one row each. What depends on other rows is checked by the rule itself (`cx_ops.house`)."""

from cx_ops.forms.house.base import RuleForm, in_short
from cx_ops.forms.house.money import RateForm
from cx_ops.forms.house.people import CalendarForm, OrganisationForm, PersonForm, TeamForm
from cx_ops.forms.house.work import CoolDownForm, LevelForm, ReasonForm

__all__ = [
    "CalendarForm",
    "CoolDownForm",
    "LevelForm",
    "OrganisationForm",
    "PersonForm",
    "RateForm",
    "ReasonForm",
    "RuleForm",
    "TeamForm",
    "in_short",
]
