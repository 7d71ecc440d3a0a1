"""Every kind of act as a sentence: one table. An act's kind is its verb and what it was done to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


class Kind(NamedTuple):
    """A kind of act: under which heading it is filtered, its short name, and its sentence.

    The sentence names {who}, {what} (what it was done to), {account} (whose it is) and {detail}; `alone` is said
    instead where it is about no account.
    """

    group: _StrOrPromise
    name: _StrOrPromise
    sentence: _StrOrPromise
    alone: _StrOrPromise = ""


TASKS, RUNS, ACCOUNTS = _("Tasks"), _("Playbooks at work"), _("Accounts")
PEOPLE, DATA, POLICIES = _("People"), _("Data"), _("Policies")

KINDS: dict[tuple[str, str], Kind] = {
    ("opened", "task"): Kind(TASKS, _("Opened"), _("{who} opened “{what}” on {account}")),
    ("acknowledged", "task"): Kind(TASKS, _("Acknowledged"), _("{who} acknowledged “{what}” on {account}")),
    ("touched", "task"): Kind(TASKS, _("Worked on"), _("{who} worked on “{what}” on {account}{detail}")),
    ("noted", "task"): Kind(TASKS, _("Noted"), _("{who} wrote a note on “{what}” on {account}")),
    ("assigned", "task"): Kind(TASKS, _("Handed over"), _("{who} gave “{what}” on {account} to {detail}")),
    ("snoozed", "task"): Kind(TASKS, _("Snoozed"), _("{who} snoozed “{what}” on {account}{detail}")),
    ("waiting", "task"): Kind(TASKS, _("Set to wait"), _("{who} waits for {account} on “{what}”{detail}")),
    ("woken", "task"): Kind(TASKS, _("Woken"), _("{who} woke “{what}” on {account}")),
    ("resumed", "task"): Kind(TASKS, _("Taken up again"), _("{who} took “{what}” on {account} up again")),
    ("released", "task"): Kind(TASKS, _("Released from Later"), _("{who} moved “{what}” on {account} to Now{detail}")),
    ("closed", "task"): Kind(TASKS, _("Closed"), _("{who} closed “{what}” on {account}: {detail}")),
    ("reopened", "task"): Kind(TASKS, _("Reopened"), _("{who} reopened “{what}” on {account}")),
    ("merged", "task"): Kind(TASKS, _("Merged"), _("{who} merged “{what}” on {account} into another task")),
    ("claimed", "task"): Kind(TASKS, _("Claimed"), _("{who} took “{what}” on {account} in hand")),
    ("taken_over", "task"): Kind(TASKS, _("Taken over"), _("{who} took “{what}” on {account} over")),
    ("skipped", "task"): Kind(TASKS, _("Skipped"), _("{who} skipped “{what}” on {account}")),
    ("undone", "task"): Kind(TASKS, _("Undone"), _("{who} undid the last step on “{what}” on {account}")),
    ("bulk", "user"): Kind(TASKS, _("Many at once"), _("{who} changed many tasks at once{detail}")),
    ("closed", "item"): Kind(TASKS, _("Item closed"), _("{who} closed the {what} item on {account}")),
    ("withdrawn", "item"): Kind(TASKS, _("Item withdrawn"), _("{who} withdrew the {what} item on {account}")),
    ("not_started", "item"): Kind(RUNS, _("Not started"), _("{who} did not start a playbook for {what} on {account}")),
    ("started", "run"): Kind(RUNS, _("Started"), _("{who} started the playbook {what} on {account}")),
    ("stopped", "run"): Kind(RUNS, _("Stopped"), _("{who} stopped the playbook {what} on {account}")),
    ("finished", "run"): Kind(RUNS, _("Finished"), _("The playbook {what} on {account} reached its end")),
    ("step_done", "runstep"): Kind(RUNS, _("Step done"), _("{who} ticked “{what}” on {account}")),
    ("step_undone", "runstep"): Kind(RUNS, _("Step undone"), _("{who} took the tick from “{what}” on {account}")),
    ("wrote", "effect"): Kind(RUNS, _("E-mail written"), _("{who} wrote the e-mail “{what}” about {account}")),
    ("sent", "effect"): Kind(
        RUNS, _("E-mail sent"), _("The e-mail “{what}” about {account} was sent"), _("The digest “{what}” was sent")
    ),
    ("cancelled", "effect"): Kind(RUNS, _("E-mail cancelled"), _("The e-mail “{what}” about {account} was cancelled")),
    ("gave_up", "effect"): Kind(
        RUNS,
        _("E-mail given up"),
        _("The e-mail “{what}” about {account} could not be sent"),
        _("The digest “{what}” could not be sent"),
    ),
    ("raised", "insight"): Kind(ACCOUNTS, _("Concern raised"), _("{who} raised {what} on {account}")),
    ("retracted", "insight"): Kind(DATA, _("Insight taken back"), _("{who} took {what} on {account} back")),
    ("logged", "activity"): Kind(ACCOUNTS, _("Touch logged"), _("{who} logged “{what}” with {account}")),
    ("appointed", "account"): Kind(ACCOUNTS, _("Role given"), _("{who} changed who works on {account}: {detail}")),
    ("archived", "account"): Kind(ACCOUNTS, _("Archived"), _("{who} archived {account}")),
    ("restored", "account"): Kind(ACCOUNTS, _("Restored"), _("{who} brought {account} back")),
    ("merged", "account"): Kind(ACCOUNTS, _("Accounts merged"), _("{who} merged {detail} into {account}")),
    ("parted", "account"): Kind(ACCOUNTS, _("Merge undone"), _("{who} undid the merge of {detail} into {account}")),
    ("split", "account"): Kind(ACCOUNTS, _("Account split"), _("{who} made a second account of records of {account}")),
    ("told_apart", "account"): Kind(ACCOUNTS, _("Told apart"), _("{who} said that {account} and another are two")),
    ("told_apart", "contact"): Kind(ACCOUNTS, _("Told apart"), _("{who} said that {what} at {account} is two people")),
    ("asked_about", "contact"): Kind(
        ACCOUNTS, _("Asked whether one"), _("{who} asked whether {what} at {account} is somebody else there")
    ),
    ("joined", "contact"): Kind(
        ACCOUNTS, _("Held to be one"), _("{who} said that two records of {what} at {account} are one person")
    ),
    ("untold", "contact"): Kind(ACCOUNTS, _("Asked again"), _("{who} took a verdict about {what} at {account} back")),
    ("untold", "account"): Kind(ACCOUNTS, _("Asked again"), _("{who} took a verdict about {account} back")),
    ("red_line_flagged", "account"): Kind(ACCOUNTS, _("Red line set"), _("{who} put a red line on {account}")),
    ("red_line_lifted", "account"): Kind(ACCOUNTS, _("Red line lifted"), _("{who} lifted a red line of {account}")),
    ("forecast", "contract"): Kind(ACCOUNTS, _("Forecast set"), _("{who} set the renewal forecast of {account}")),
    ("segment_saved", "segment"): Kind(ACCOUNTS, _("Segment saved"), _("{who} saved the segment {what}")),
    ("segment_renamed", "segment"): Kind(ACCOUNTS, _("Segment renamed"), _("{who} renamed a segment to {what}")),
    ("segment_deactivated", "segment"): Kind(ACCOUNTS, _("Segment put away"), _("{who} put the segment {what} away")),
    ("segment_reactivated", "segment"): Kind(ACCOUNTS, _("Segment back"), _("{who} brought the segment {what} back")),
    ("away", "user"): Kind(PEOPLE, _("Set away"), _("{who} set {what} as away{detail}")),
    ("back", "user"): Kind(PEOPLE, _("Set back"), _("{who} ended the absence of {what}")),
    ("handed_over", "user"): Kind(PEOPLE, _("Work handed over"), _("{who} handed over what was {what}'s{detail}")),
    ("took_back", "user"): Kind(PEOPLE, _("Hand-over undone"), _("{who} took the hand-over of {what} back{detail}")),
    ("deactivated", "user"): Kind(PEOPLE, _("Log-in ended"), _("{who} ended the log-in of {what}")),
    ("territory-drawn", "team"): Kind(PEOPLE, _("Territory drawn"), _("{who} gave accounts to {what}")),
    ("consent", "contact"): Kind(ACCOUNTS, _("Consent noted"), _("{who} noted what {what} at {account} agreed to")),
    ("exported", "contact"): Kind(DATA, _("Person exported"), _("{who} took out what is kept about {what}")),
    ("exported", "account"): Kind(DATA, _("Person exported"), _("{who} took out what is kept about {what}")),
    ("prepared", "erasure"): Kind(DATA, _("Erasure prepared"), _("{who} prepared the erasure {what}")),
    ("dropped", "erasure"): Kind(DATA, _("Erasure dropped"), _("{who} dropped the erasure {what}")),
    ("erased", "erasure"): Kind(DATA, _("Person erased"), _("{who} erased a person: {what}")),
    ("created", "source"): Kind(DATA, _("Source added"), _("{who} added the source {what}")),
    ("quarantine_replayed", "source"): Kind(DATA, _("Quarantine replayed"), _("{who} replayed messages of {what}")),
    ("quarantine_discarded", "source"): Kind(DATA, _("Quarantine cleared"), _("{who} discarded messages of {what}")),
    ("changed", "source"): Kind(DATA, _("Source changed"), _("{who} changed the source {what}{detail}")),
    ("run_started", "parallelrun"): Kind(DATA, _("Parallel run begun"), _("{who} began to run {what}")),
    ("run_stopped", "parallelrun"): Kind(DATA, _("Parallel run stopped"), _("{who} stopped the run of {what}")),
    ("run_switched", "parallelrun"): Kind(DATA, _("Source switched"), _("{who} switched over: {what}")),
    ("run_unswitched", "parallelrun"): Kind(DATA, _("Switch undone"), _("{who} undid the switch: {what}")),
    ("found", "trouble"): Kind(DATA, _("Trouble with a feed"), _("{who} found: {what}")),
    ("cleared", "trouble"): Kind(DATA, _("Feed well again"), _("{who} found it well again: {what}")),
    ("reviewed", "organisation"): Kind(DATA, _("Week gone through"), _("{who} went through the weekly review")),
    ("classed", "fieldprivacy"): Kind(DATA, _("Field classed"), _("{who} settled who may see {what}")),
    ("created", "apitoken"): Kind(DATA, _("Token made"), _("{who} made the API token {what}")),
    ("revoked", "apitoken"): Kind(DATA, _("Token revoked"), _("{who} revoked the API token {what}")),
    ("created", "lookup"): Kind(DATA, _("Look-up added"), _("{who} set up live look-ups in {what}")),
    ("changed", "lookup"): Kind(DATA, _("Look-up changed"), _("{who} changed live look-ups in {what}{detail}")),
    ("created", "pull"): Kind(DATA, _("Fetch added"), _("{who} added a scheduled fetch of {what}")),
    ("changed", "pull"): Kind(DATA, _("Fetch changed"), _("{who} changed the scheduled fetch of {what}{detail}")),
    ("switched_on", "pull"): Kind(DATA, _("Fetch on"), _("{who} switched on the scheduled fetch of {what}")),
    ("switched_off", "pull"): Kind(DATA, _("Fetch off"), _("{who} switched off the scheduled fetch of {what}")),
    ("run_now", "pull"): Kind(DATA, _("Fetch run"), _("{who} ran the scheduled fetch of {what}")),
    ("created", "webhook"): Kind(DATA, _("Webhook added"), _("{who} added a webhook to {what}")),
    ("changed", "webhook"): Kind(DATA, _("Webhook changed"), _("{who} changed the webhook to {what}{detail}")),
    ("switched_on", "webhook"): Kind(DATA, _("Webhook on"), _("{who} switched on the webhook to {what}")),
    ("switched_off", "webhook"): Kind(DATA, _("Webhook off"), _("{who} switched off the webhook to {what}")),
    ("rotated", "webhook"): Kind(DATA, _("Webhook secret"), _("{who} made a new secret for the webhook to {what}")),
    ("tested", "webhook"): Kind(DATA, _("Webhook tested"), _("{who} sent a test to {what}")),
    ("replayed", "webhook"): Kind(DATA, _("Messages sent again"), _("{who} sent messages to {what} again")),
    ("gave_up", "delivery"): Kind(DATA, _("Message given up"), _("{who} gave up a message to {what}")),
    ("uploaded", "import"): Kind(DATA, _("File uploaded"), _("{who} uploaded the file {what}")),
    ("confirmed", "import"): Kind(DATA, _("File confirmed"), _("{who} confirmed the file {what}")),
    ("stopped", "import"): Kind(DATA, _("File stopped"), _("{who} stopped the file {what}")),
    ("undo_asked", "import"): Kind(DATA, _("Undo asked for"), _("{who} had the file {what} taken back")),
    ("undone", "import"): Kind(DATA, _("Import undone"), _("{who} took back what the file {what} had changed")),
    ("imported", "import"): Kind(DATA, _("File imported"), _("The file {what} {detail}")),
    ("retracted", "import"): Kind(DATA, _("File taken back"), _("{who} took the insights of the file {what} back")),
    ("replayed", "dead_letter"): Kind(DATA, _("Dead letter replayed"), _("{who} replayed a dead letter of {what}")),
    ("drafted", "ownershippolicy"): Kind(POLICIES, _("Matrix drafted"), _("{who} drafted {what} of the matrix")),
    ("published", "ownershippolicy"): Kind(
        POLICIES, _("Matrix published"), _("{who} published {what} of the matrix{detail}")
    ),
    ("drafted", "authoritypolicy"): Kind(POLICIES, _("Bands drafted"), _("{who} drafted {what} of the bands")),
    ("published", "authoritypolicy"): Kind(
        POLICIES, _("Bands published"), _("{who} published {what} of the bands{detail}")
    ),
    ("discarded", "ownershippolicy"): Kind(POLICIES, _("Draft discarded"), _("{who} discarded a draft of the matrix")),
    ("discarded", "authoritypolicy"): Kind(POLICIES, _("Draft discarded"), _("{who} discarded a draft of the bands")),
    ("taken_back", "ownershippolicy"): Kind(
        POLICIES, _("Matrix taken back"), _("{who} took back {what} of the matrix, before it came into force")
    ),
    ("taken_back", "authoritypolicy"): Kind(
        POLICIES, _("Bands taken back"), _("{who} took back {what} of the bands, before it came into force")
    ),
    ("cell_added", "ownershippolicy"): Kind(POLICIES, _("Cell added"), _("{who} added a cell to {what} of the matrix")),
    ("cell_changed", "ownershippolicy"): Kind(
        POLICIES, _("Cell changed"), _("{who} changed a cell in {what} of the matrix")
    ),
    ("cell_removed", "ownershippolicy"): Kind(
        POLICIES, _("Cell removed"), _("{who} took a cell out of {what} of the matrix")
    ),
    ("bands_set", "authoritypolicy"): Kind(POLICIES, _("Bands set"), _("{who} set bands in {what} of the bands")),
    ("bands_removed", "authoritypolicy"): Kind(
        POLICIES, _("Bands removed"), _("{who} took bands out of {what} of the bands")
    ),
    ("calm_set", "authoritypolicy"): Kind(
        POLICIES, _("Dwell set"), _("{who} set margin and dwell in {what} of the bands")
    ),
    ("drafted", "playbookversion"): Kind(POLICIES, _("Playbook drafted"), _("{who} drafted the playbook {what}")),
    ("published", "playbookversion"): Kind(POLICIES, _("Playbook published"), _("{who} published the playbook {what}")),
    ("added", "insighttype"): Kind(POLICIES, _("Insight type added"), _("{who} added the insight type {what}")),
    ("changed", "insighttype"): Kind(
        POLICIES, _("Insight type changed"), _("{who} changed the insight type {what}{detail}")
    ),
    ("published", "fieldpolicy"): Kind(POLICIES, _("Fields published"), _("{who} published {what} of the field rules")),
    ("matching", "source"): Kind(DATA, _("Matching changed"), _("{who} changed how records of {what} are matched")),
    ("began", "holdout"): Kind(POLICIES, _("Hold-out begun"), _("{who} signed a hold-out: {what}")),
    ("stopped", "holdout"): Kind(POLICIES, _("Hold-out stopped"), _("{who} stopped a hold-out: {what}")),
    ("ended", "holdout"): Kind(POLICIES, _("Hold-out ended"), _("A hold-out came to its last day: {what}")),
    ("released", "allocation"): Kind(
        POLICIES, _("Released from a hold-out"), _("{who} released {account}, held out of {what}: {detail}")
    ),
    ("switched_off", "killswitch"): Kind(POLICIES, _("Automation off"), _("{who} stopped automation: {what}")),
    ("switched_on", "killswitch"): Kind(POLICIES, _("Automation on"), _("{who} let automation run again: {what}")),
}
# What a manager sets for everybody: the same three acts, whatever the row is (`core.services.house`).
HOUSE = {
    "rule_added": Kind(POLICIES, _("House rule added"), _("{who} added the house rule {what}")),
    "rule_changed": Kind(POLICIES, _("House rule changed"), _("{who} changed the house rule {what}{detail}")),
    "rule_removed": Kind(POLICIES, _("House rule removed"), _("{who} removed the house rule {what}")),
}
HOUSED = ("servicelevel", "closereason", "cooldown", "businesscalendar", "team", "user", "organisation", "fxrate")
KINDS |= {(verb, subject): kind for verb, kind in HOUSE.items() for subject in HOUSED}
# A kind that has no sentence yet.
UNNAMED = _("{who}: {verb} ({what})")

ACTORS = {
    "tick": _("The system"),
    "decide": _("A decision"),
    "dispatch": _("A decision"),
    "playbooks": _("A playbook"),
    "outbox": _("The outbox"),
    "withdraw": _("A retraction"),
    "webhooks": _("The sender of webhooks"),
    "demo": _("The demo"),
    "system": _("The system"),
}
