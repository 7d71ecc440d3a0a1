"""A playbook for each built-in insight type, service levels, and the reasons that go with outcomes."""

from typing import Any

from django.db import migrations
from django.utils import timezone

from core.append_only import append_only

Row = tuple[str, str, int, str]
PLAYBOOKS: dict[str, tuple[str, str, str, list[Row]]] = {
    "churn-rescue": (
        "Churn rescue", "churn_risk",
        "The customer stays, and says in their own words what changed.",
        [
            ("email", "Churn risk at {account}", 0,
             "{account} looks likely to leave (confidence {confidence}). The steps of the churn rescue have begun;"
             " the first one is in your queue."),
            ("task", "Call the main contact about what changed", 8,
             "Ask what changed for them, and listen. Write down their words."),
            ("wait", "Give them three working days", 24, ""),
            ("task", "Agree the next step with {account}", 8, "A date and a name for each thing promised."),
        ],
    ),
    "expansion-talk": (
        "Expansion talk", "expansion_signal",
        "The customer has an offer that fits what they already use.",
        [
            ("email", "Room to grow at {account}", 0,
             "{account} shows signs of needing more (confidence {confidence}). Check open tickets before you call."),
            ("task", "Check what they use and what is open", 8, "No offer while an escalation is open."),
            ("task", "Propose one next step", 16, "One step, sized to what they use."),
        ],
    ),
    "re-engage": (
        "Re-engage", "engagement_opportunity",
        "The people who had gone quiet use what they pay for.",
        [
            ("email", "A chance to engage {account}", 0, "{account} is open to it now (confidence {confidence})."),
            ("task", "Pick the one thing worth showing them", 16, "Something they have and do not use."),
        ],
    ),
    "ask-for-advocacy": (
        "Ask for advocacy", "advocacy_potential",
        "A happy customer has spoken for us, in the way they prefer.",
        [
            ("email", "{account} may speak for us", 0, "Ask only after something good (confidence {confidence})."),
            ("task", "Ask for a reference, in the way they prefer", 16, "A review, a call, a story: let them choose."),
        ],
    ),
}  # fmt: skip
LEVELS = [{"tier": ""}, {"tier": "strategic", "acknowledge_hours": 2, "passes_cap": True}]
REASONS = {
    "insight_wrong": {
        "facts_wrong": "The facts were wrong", "out_of_date": "It was true, but no longer",
        "known_already": "We knew and had acted", "wrong_account": "It was about another account",
        "not_a_risk": "The facts are right, the conclusion is not",
    },
    "lost": {"price": "Price", "competitor": "A competitor", "no_need": "No need any more", "service": "Our service"},
}  # fmt: skip


def add_playbooks(apps: Any, schema_editor: Any) -> None:
    get = lambda name: apps.get_model("playbooks", name)  # noqa: E731
    for slug, (name, type, outcome, steps) in PLAYBOOKS.items():
        playbook = get("Playbook").objects.create(slug=slug, name=name, type_id=type, outcome=outcome)
        version = get("PlaybookVersion").objects.create(
            playbook=playbook, number=1, state="published", published_at=timezone.now()
        )
        get("Step").objects.bulk_create(
            get("Step")(version=version, position=n, kind=kind, title=title, business_hours=hours, text=text)
            for n, (kind, title, hours, text) in enumerate(steps, start=1)
        )
    get("ServiceLevel").objects.bulk_create(get("ServiceLevel")(**row) for row in LEVELS)
    get("CloseReason").objects.bulk_create(
        get("CloseReason")(outcome=outcome, slug=slug, name=name)
        for outcome, reasons in REASONS.items()
        for slug, name in reasons.items()
    )


class Migration(migrations.Migration):
    dependencies = [("playbooks", "0001_initial"), ("insights", "0002_builtin_types")]
    operations = [
        migrations.RunPython(add_playbooks, migrations.RunPython.noop),
        *append_only("playbooks_tasknote"),
    ]
