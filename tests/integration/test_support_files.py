"""Surveys, movements of revenue, scores by file: what becomes of them, and how a file is taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Account, Activity, LedgerEntry, Parked
from core.enums import Role
from cx_ops.invariants import broken_invariants
from cx_ops.pipeline import advance_all
from decisions.models import Decision
from decisions.queries.replay import replay_decisions
from insights.models import Insight, Retraction
from insights.services import retract_insight
from intake.enums import ImportStatus
from intake.models import Import, RejectedRow, Source
from intake.services import ImportRefused, run_import, start_import
from intake.services.drafts import confirm_import, draft_import, preview_of
from intake.services.undoing import may_undo, undo_import
from tests.factories import NOW, make_account, make_organisation, make_user
from tests.fixtures import exports
from tests.floor import Floor

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> Path:
    settings.CX_DATA_DIR = tmp_path
    make_organisation()
    return tmp_path


def bring(source: Source, content: str) -> Import:
    """A file whose kind is seen from its columns."""
    made = start_import(file=[content.encode()], filename="x.csv", kind="", source=source, by=None, now=NOW)
    return run_import(made.id, NOW)


def test_surveys_keep_score_and_scale(source: Source) -> None:
    make_account(external_id="A1", source=source)
    content = (
        "account_id,survey,score,answered_at,respondent,comment,highest\n"
        "A1,NPS,9,2026-02-01 10:00,kim@a.example,Fine,\n"
        "A1,csat,4,2026-02-01 10:00,kim@a.example,,\n"
        "A1,effort,70,2026-02-01 10:00,kim@a.example,,100\n"
        "A1,nps,11,2026-02-01 10:00,kim@a.example,,\n"
    )
    done = bring(source, content)
    assert (done.kind, done.counts) == ("surveys", {"created": 3, "rejected": 1}), list(RejectedRow.objects.values())
    nps = Activity.objects.get(facts__survey="nps")
    assert (nps.value, nps.facts["lowest"], nps.facts["highest"], nps.summary) == (9, 0, 10, "NPS 9 of 10")
    assert bring(source, content).counts == {"unchanged": 3, "rejected": 1}


def test_revenue_movements_carry_the_sign_of_their_kind(source: Source) -> None:
    make_account(external_id="A1", source=source)
    content = (
        "account_id,movement,happened_on,amount,currency\n"
        "A1,new,2026-01-01,1000,USD\nA1,expansion,2026-01-15,500,USD\nA1,contraction,2026-02-01,200,USD\n"
        "A1,churn,2026-02-20,-1300,USD\nA1,expansion,2026-02-21,-5,USD\nA1,fx,2026-02-21,5,USD\n"
    )
    done = bring(source, content)
    assert (done.kind, done.counts) == ("revenue", {"created": 4, "rejected": 2})
    assert sum(LedgerEntry.objects.values_list("amount", flat=True)) == 0
    assert set(RejectedRow.objects.values_list("code", flat=True)) == {"wrong_sign", "invalid"}
    assert bring(source, content).counts == {"unchanged": 4, "rejected": 2}


SCORES = """account_id,insight_type,scored_at,confidence,model,model_version
A1,churn_risk,2026-02-28T06:00:00Z,0.6,m,1
A2,churn_risk,2026-02-28T06:00:00Z,0.6,m,1
nobody,churn_risk,2026-02-28T06:00:00Z,0.6,m,1
"""


def test_a_file_of_scores_is_taken_back(source: Source) -> None:
    ops = make_user(role=Role.OPS)
    for name in ("A1", "A2"):
        make_account(external_id=name, source=source)
    done = bring(source, SCORES)
    assert (done.kind, done.counts) == ("scores", {"accepted": 2, "parked": 1})
    with pytest.raises(ImportRefused, match="still being worked on"):
        undo_import(import_id=done.id, by=ops, now=NOW)
    advance_all(NOW)
    undone = undo_import(import_id=done.id, by=ops, now=NOW)
    assert Retraction.objects.count() == Insight.objects.count() == 2
    assert (undone.removed, undone.kept) == (3, [])
    done.refresh_from_db()
    assert done.status == ImportStatus.UNDONE
    assert not may_undo(done)
    with pytest.raises(ImportRefused, match="undone before"):
        undo_import(import_id=done.id, by=ops, now=NOW)


def test_scores_that_wait_are_taken_back_with_their_file(source: Source) -> None:
    ops = make_user(role=Role.OPS)
    make_account(external_id="A1", source=source)
    done = bring(source, SCORES)
    advance_all(NOW)
    undo_import(import_id=done.id, by=ops, now=NOW)
    assert not Parked.objects.exists()
    bring(source, "account_id,name\nA2,Two\nnobody,Somebody now\n")
    advance_all(NOW)
    assert Insight.objects.count() == 1, "A2 and nobody have arrived, and nothing waits for them"
    assert not any(broken_invariants().values())


def test_scores_on_their_way_are_not_taken_back_yet(source: Source) -> None:
    ops = make_user(role=Role.OPS)
    done = bring(source, SCORES)
    advance_all(NOW)
    bring(source, "account_id,name\nA2,Two\n")
    with pytest.raises(ImportRefused, match="still being worked on"):
        undo_import(import_id=done.id, by=ops, now=NOW)
    assert Parked.objects.count() == 2


def test_a_file_that_was_taken_back_is_taken_again() -> None:
    floor, ops = Floor(), make_user(role=Role.OPS)
    source = floor.source
    for name in ("A1", "A2"):
        floor.new_account(external_id=name)
    first = bring(source, SCORES)
    advance_all(NOW)
    undo_import(import_id=first.id, by=ops, now=NOW)
    advance_all(NOW)
    again = bring(source, SCORES)
    advance_all(NOW)
    assert again.counts == first.counts == {"accepted": 2, "parked": 1}
    before, after = (
        [
            (row.account_id, row.response, row.suppressed_by, row.reasons)
            for row in Decision.objects.filter(insight__import_id=of.id).order_by("account_id")
        ]
        for of in (first, again)
    )
    assert len(before) == 2
    assert after == before, "decided as if it had come for the first time"
    assert bring(source, SCORES).counts == {"duplicate": 3}
    assert not any(broken_invariants().values())
    assert [one for some in replay_decisions() for one in some] == []


def test_one_insight_that_was_taken_back_stays_taken_back_when_it_is_sent_again(source: Source) -> None:
    make_account(external_id="A1", source=source)
    done = bring(source, SCORES)
    advance_all(NOW)
    retract_insight(insight_id=Insight.objects.get().id, why="wrong model", now=NOW, actor="source house")
    assert bring(source, SCORES).counts == {"duplicate": 3}
    assert done.counts == {"accepted": 1, "parked": 2}
    assert Insight.objects.count() == Retraction.objects.count() == 1


def test_by_command(source: Source, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_account(external_id="A1", source=source)
    make_user("ops", role=Role.OPS)
    file = tmp_path / "scores.csv"
    file.write_text(SCORES)
    call_command("import_file", file, "--source=house", "--preview")
    said = capsys.readouterr().out
    assert "1 accepted, 2 parked" in said
    assert "'insight_type' is insight_type" in said
    assert Import.objects.get().status == ImportStatus.DRAFT
    call_command("import_file", file, "--source=house", "--wait", f"--now={NOW.isoformat()}")
    advance_all(NOW)
    done = Import.objects.get(status=ImportStatus.DONE)
    call_command("import_file", f"--undo={done.pk}", "--by=ops")
    assert "3 taken away" in capsys.readouterr().out
    with pytest.raises(CommandError, match="who takes it back"):
        call_command("import_file", f"--undo={done.pk}")
    with pytest.raises(CommandError, match="Name a file"):
        call_command("import_file", "--source=house")


EXPORTS = (exports.HUBSPOT, exports.GAINSIGHT, exports.STRIPE_CUSTOMERS, exports.SALESFORCE_API)


@pytest.mark.parametrize("content", EXPORTS)
def test_an_import_undone_leaves_the_accounts_as_they_were(source: Source, content: str) -> None:
    ops = make_user(role=Role.OPS)
    bring(source, "account_id,name,region\n0012,Bluebell,sweden\n1P01,Bluebell,sweden\ncus_A1,North,sweden\n")
    before = list(Account.objects.order_by("pk").values())
    done = confirmed(source, content)
    assert done.counts.get("created", 0) + done.counts.get("updated", 0) == 2
    assert list(Account.objects.order_by("pk").values()) != before
    undo_import(import_id=done.pk, by=ops, now=NOW)
    assert list(Account.objects.filter(archived_at=None).order_by("pk").values()) == before


def test_a_preview_says_what_changes(source: Source) -> None:
    bring(source, "account_id,name,renews_on\nA1,One,2027-01-01\n")
    made = draft(source, "account_id,name,renews_on\nA1,One,2027-02-01\nA2,Two,2027-02-01\n")
    preview = preview_of(made)
    assert preview.is_told
    assert ("A1", "renews_on", "2027-01-01", "2027-02-01") in [
        (one.external_id, one.field, one.before, one.after) for one in preview.changes
    ]
    assert Account.objects.count() == 1


def draft(source: Source, content: str) -> Import:
    return draft_import(file=[content.encode()], filename="x.csv", kind="", source=source, by=None, now=NOW)


def confirmed(source: Source, content: str) -> Import:
    made = draft(source, content)
    confirm_import(import_id=made.pk, by=None, now=NOW)
    return run_import(made.pk, NOW)
