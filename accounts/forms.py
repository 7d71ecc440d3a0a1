"""Checking what people say about which accounts are one, and who is believed about which field."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.enums import Matching, NullRule, Verdict
from accounts.models import Account, Contact, Link
from accounts.queries.comparing import Comparison, State
from accounts.queries.find import find_by_words
from accounts.queries.policies import current_policy
from accounts.queries.shown import ORDER, label_of
from accounts.rules.projection import PEOPLE, TYPED, FieldRule, Policy
from core.models import User
from intake.models import Source

WHY = {"maxlength": 400, "rows": 2}
# Fields that can have a rule; `people` are all roles, `fields` all that have no column of their own.
FIELDS = (*ORDER, "people", "fields", "forecast")
LABELS = {"people": _("Roles on the account"), "fields": _("All other fields"), "forecast": _("Forecast of a contract")}
# What somebody typed here is believed first about these, unless a rule says otherwise.
BY_HAND_FIRST = ("people", *TYPED)
MOST_DAYS = 3650
NTH = (_("First"), _("Second"), _("Third"))


class VerdictForm(forms.Form):
    verdict = forms.ChoiceField(choices=[*Verdict.choices[1:], ("later", _("Later"))])
    why = forms.CharField(label=_("Why"), max_length=400, required=False)
    despite = forms.BooleanField(required=False)
    name = forms.CharField(max_length=255, required=False)


class AlikeForm(forms.Form):
    """One verdict about all pairs with equal evidence; without `confirmed` it is a preview."""

    pattern = forms.CharField(max_length=60)
    verdict = forms.ChoiceField(choices=Verdict.choices[1:])
    confirmed = forms.BooleanField(required=False)


class MergeForm(forms.Form):
    """Another account to be made part of this one: first found by words, then chosen."""

    words = forms.CharField(label=_("Which account is the same?"), max_length=100, required=False)
    other = forms.ModelChoiceField(
        Account.objects.none(), label=_("Found"), widget=forms.RadioSelect, required=False, empty_label=None
    )
    keep = forms.ChoiceField(choices=[("", ""), ("this", ""), ("other", "")], required=False)
    why = forms.CharField(label=_("Why they are one"), widget=forms.Textarea(WHY), required=False, max_length=400)
    despite = forms.BooleanField(
        label=_("One source gives them two ids; I know that the source is wrong."), required=False
    )

    def __init__(self, data: Any = None, *, account: Account, user: User) -> None:
        super().__init__(data)
        words = str((data or {}).get("words", "")).strip()
        found = [one for one in find_by_words(user, words) if one.pk != account.pk] if words else []
        chosen = self.fields["other"]
        assert isinstance(chosen, forms.ModelChoiceField)  # noqa: S101 - narrows the type
        chosen.queryset = Account.objects.filter(pk__in=[one.pk for one in found])
        self.found = found
        self.account = account
        self.chosen = next((one for one in found if str(one.pk) == str((data or {}).get("other", ""))), None)
        self.kept = data["keep"] if data and "keep" in data else "this"

    def names(self, said: str) -> list[tuple[str, str]]:
        """What the two can be called as one, where there is a choice; `said`: as their sources say."""
        if self.chosen is None or self.chosen.name == self.account.name or not current_policy().typed_holds("name"):
            return []
        newest = _("As its sources say, now %(name)s") % {"name": said or "–"}
        return [("this", self.account.name), ("other", self.chosen.name), ("", newest)]

    @property
    def name(self) -> str:
        """The name that is to be kept; `""`: the one that holds anyhow."""
        other = self.cleaned_data["other"]
        return {"this": self.account.name, "other": other.name if other else ""}.get(self.cleaned_data["keep"], "")


class CompareForm(forms.Form):
    """Another person at the same account, to be laid beside a contact."""

    other = forms.ModelChoiceField(Contact.objects.none(), label=_("Who it may be"), empty_label=_("Choose …"))

    def __init__(self, data: Any = None, *, contact: Contact) -> None:
        super().__init__(data)
        other = self.fields["other"]
        assert isinstance(other, forms.ModelChoiceField)  # noqa: S101 - narrows the type
        people = Contact.objects.known().filter(account=contact.account_id, same_as=None)
        other.queryset = people.exclude(pk=contact.same_as_id or contact.pk).order_by("name", "id")


class SplitForm(forms.Form):
    links = forms.ModelMultipleChoiceField(
        Link.objects.none(), label=_("Its records"),
        error_messages={"required": _("Tick what belongs to another customer.")},
    )  # fmt: skip
    why = forms.CharField(
        label=_("Why they belong to another customer"), widget=forms.Textarea(WHY), max_length=400,
        error_messages={"required": _("Say why: whoever looks at it later will want to know.")},
    )  # fmt: skip

    def __init__(self, data: Any = None, *, account: Account, is_tried: bool = False) -> None:
        """is_tried: only what it would do is asked for, so it needs no reason yet."""
        super().__init__(data, auto_id="id_split_%s")
        self.fields["why"].required = not is_tried
        links = self.fields["links"]
        assert isinstance(links, forms.ModelMultipleChoiceField)  # noqa: S101 - narrows the type
        links.queryset = Link.objects.filter(account=account, revoked_at=None, namespace_id__isnull=False)


class ModeForm(forms.Form):
    source = forms.ModelChoiceField(Source.objects.filter(person=None), to_field_name="slug")
    mode = forms.ChoiceField(choices=Matching.choices)


class PolicyForm(forms.Form):
    """Per field: who is believed first, second and so on; what a blank does; from what age a saying counts last."""

    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    why = forms.CharField(label=_("What changes, and why"), widget=forms.Textarea(WHY), required=False, max_length=400)

    def __init__(self, data: Any = None, *, policy: Policy, version: int) -> None:
        super().__init__(data, initial={"seen": version})
        sources = Source.objects.filter(person=None).order_by("name")
        choices = [(PEOPLE, _("typed here")), *((str(one.pk), one.name) for one in sources)]
        self.places = range(_places(policy, data or {}))
        self.unpublished: frozenset[str] = frozenset()
        for field in FIELDS:
            self._add(field, policy.rules.get(field), choices)

    def _add(self, field: str, rule: FieldRule | None, choices: list[tuple[str, Any]]) -> None:
        listed = [*(rule.sources if rule else ()), *("" for _place in self.places)]
        label = label_for(field)
        nobody = _("typed here, else newest") if field in BY_HAND_FIRST else _("newest")
        named = {self.data.get(f"{field}-{place}") or "" for place in self.places} if self.is_bound else {*listed}
        rest = _("else newest") if named - {""} else "–"
        for place, words in enumerate(self.headings):
            self.fields[f"{field}-{place}"] = forms.ChoiceField(
                choices=[("", rest if place else nobody), *choices],
                required=False,
                initial=listed[place],
                label=f"{label}: {words}",
            )
        self.fields[f"{field}-nulls"] = forms.ChoiceField(
            choices=NullRule.choices, required=False, initial=rule.nulls if rule else NullRule.IGNORE,
            label=_("%s: blanks") % label,
        )  # fmt: skip
        self.fields[f"{field}-days"] = forms.IntegerField(
            required=False, min_value=0, max_value=MOST_DAYS, initial=rule.max_age_days or None if rule else None,
            label=_("Last in line after (days)"),
        )  # fmt: skip

    @property
    def headings(self) -> list[str]:
        return [str(NTH[place]) if place < len(NTH) else f"{place + 1}." for place in self.places]

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [
            {
                "label": label_for(field),
                "words": self._words(field),
                "is_unpublished": field in self.unpublished,
                "fields": [*zip(self.headings, sources, strict=True), (_("Blanks"), nulls), (days.label, days)],
                "is_wrong": any(one.errors for one in (*sources, nulls, days)),
            }
            for field in FIELDS
            for sources in [[self[f"{field}-{place}"] for place in self.places]]
            for nulls, days in [(self[f"{field}-nulls"], self[f"{field}-days"])]
        ]

    def compare(self, policy: Policy, in_force: Policy) -> None:
        """Mark the lines of `policy`, which the form holds, that differ from what is in force."""
        self.unpublished = frozenset(field for field in FIELDS if policy.rules.get(field) != in_force.rules.get(field))

    @property
    def changed_words(self) -> str:
        """The fields whose rules are not published, and these."""
        return "; ".join(f"{label_for(field)} ({self._words(field)})" for field in FIELDS if field in self.unpublished)

    def _words(self, field: str) -> str:
        """The rule of a field as it is in the form, such as "CRM, then Billing, else newest"."""
        names = dict(self.fields[f"{field}-0"].choices)  # type: ignore[attr-defined]
        listed = [names.get(value, "?") for place in self.places if (value := self[f"{field}-{place}"].value())]
        said = [_(", then ").join(map(str, listed)) + _(", else newest") if listed else str(names[""])]
        if (nulls := self[f"{field}-nulls"].value()) in (NullRule.CLEAR, NullRule.FILL_ONLY):
            said.append(str(NullRule(nulls).label).lower())
        if days := self[f"{field}-days"].value():
            said.append(_("last in line after %s days") % days)
        return "; ".join(said)

    def policy(self) -> Policy:
        """The rules as they are in the form; a line without any choice has none."""
        rules = {field: rule for field in FIELDS if (rule := self._rule(field)) != FieldRule()}
        return Policy(rules)

    def _rule(self, field: str) -> FieldRule:
        data = self.cleaned_data
        sources = dict.fromkeys(source for place in self.places if (source := data.get(f"{field}-{place}")))
        nulls = NullRule(data.get(f"{field}-nulls") or NullRule.IGNORE)
        return FieldRule(sources=tuple(sources), nulls=nulls, max_age_days=data.get(f"{field}-days") or 0)


def _places(policy: Policy, data: Mapping[str, Any]) -> int:
    """How many sources a rule can name: three, or as many as the longest one does."""
    sent = [int(name.rpartition("-")[2]) + 1 for name in data if re.fullmatch(r"[a-z_]+-\d{1,2}", name)]
    return max([len(NTH), *sent, *(len(rule.sources) for rule in policy.rules.values())])


def label_for(field: str) -> str:
    return str(LABELS.get(field) or label_of(field))


class RunForm(forms.Form):
    """Which source runs beside another: one that is there, or a new one."""

    new = forms.ModelChoiceField(
        Source.objects.none(), label=_("The new feed"), required=False, empty_label=_("A source that I name below"),
        help_text=_("One that sends the same kinds of record, or a new one."),
    )  # fmt: skip
    name = forms.CharField(
        label=_("Name of the new source"), max_length=120, required=False,
        help_text=_("It gets the owner, expected time, runbook and mappings of this one; its token you make next."),
    )  # fmt: skip
    same_ids = forms.BooleanField(
        label=_("It calls accounts by the same ids"), required=False,
        help_text=_("As a second export of one system does. Otherwise its records are matched as any new ones."),
    )  # fmt: skip

    def __init__(self, data: Any = None, *, old: Source) -> None:
        super().__init__(data)
        new = self.fields["new"]
        assert isinstance(new, forms.ModelChoiceField)  # noqa: S101 - narrows the type
        new.queryset = Source.objects.systems().exclude(pk=old.pk).order_by("name")


class SwitchForm(forms.Form):
    """`seen`: the version of the field rules that the preview was made with."""

    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    why = forms.CharField(label=_("Why now"), widget=forms.Textarea(WHY), required=False, max_length=400)


class DifferencesForm(forms.Form):
    """Which differences are listed: of one field (`kind:field`), in one state."""

    of = forms.ChoiceField(label=_("Field"), required=False)
    state = forms.ChoiceField(label=_("How"), required=False, choices=[("", _("All that differ")), *State.choices])

    def __init__(self, data: Any, *, found: Sequence[Comparison]) -> None:
        super().__init__(data)
        of = self.fields["of"]
        assert isinstance(of, forms.ChoiceField)  # noqa: S101 - narrows the type
        lines = [(f"{line.kind}:{line.field}", line.label) for one in found for line in one.fields]
        of.choices = [("", _("All fields")), *lines]

    def chosen(self) -> tuple[str, str, str]:
        """(kind, field, state), `""` for all; what is not known is all too."""
        data = self.cleaned_data if self.is_valid() else {}
        kind, _colon, field = data.get("of", "").partition(":")
        return kind, field, data.get("state", "")
