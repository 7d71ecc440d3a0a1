"""Files as they come on the first day: blanks that say so, columns that are left out, rows that nobody can place."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from core.enums import Role
from intake.models import Import, Record, RejectedRow, RowWarning, Source
from intake.rules.blanks import blanks_of
from intake.services import ImportRefused, run_import, start_import
from intake.services.drafts import confirm_import, draft_import, preview_of
from intake.services.kinds import file_kinds, find
from intake.services.reading import columns_of, is_unsure
from intake.services.taking import problem_of
from tests.factories import NOW, make_account, make_organisation, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> Path:
    settings.CX_DATA_DIR = tmp_path
    make_organisation(reporting_currency="EUR")
    return tmp_path


def draft(source: Source, content: str, kind: str = "") -> Import:
    return draft_import(file=[content.encode()], filename="x.csv", kind=kind, source=source, by=None, now=NOW)


def ops() -> Client:
    client = Client()
    client.force_login(make_user(role=Role.OPS))
    return client


def page_of(client: Client, of: Import) -> str:
    return client.get(f"/imports/{of.pk}/").content.decode()


@pytest.mark.parametrize("blank", ["-", "n/a", "N/A", "Unknown", "none", "NULL", "tbd", "?", "(No value)", "#REF!"])
def test_what_stands_for_nothing_is_nothing(source: Source, blank: str) -> None:
    rows = "account_id,name,domain,arr,renews_on,region,csm\n"
    made = draft(source, f"{rows}A1,One,one.example,5,2027-01-01,EMEA,\nA2,Two{f',{blank}' * 5}\n")
    confirm_import(import_id=made.id, by=None, now=NOW)
    done = run_import(made.id, NOW)
    assert done.counts == {"created": 2}, list(RejectedRow.objects.values())
    two = Account.objects.called("A2").get()
    assert (two.domain, two.arr_amount, two.renews_on, two.region) == ("", None, None, "")


def test_north_america_and_a_choice_called_unknown_are_no_blanks(source: Source) -> None:
    make_account(external_id="A1", source=source)
    bring = draft(source, "account_id,name,region\nA1,One,NA\n", "accounts")
    assert "region" in {one.field for one in preview_of(bring).fields}
    blanks = blanks_of(find("contacts"), "stakeholder")
    assert ("unknown" in blanks, "n/a" in blanks) == (False, True)


def test_a_required_cell_that_stands_for_nothing_is_refused(source: Source) -> None:
    made = draft(source, "account_id,name\nA1,n/a\nA2,Two\n")
    assert preview_of(made).counts == {"created": 1, "rejected": 1}


def test_rows_that_nobody_can_place_are_drafted_and_asked_about_not_sent_again(source: Source) -> None:
    client = ops()
    sent = client.post(
        "/imports/",
        {"file": SimpleUploadedFile("x.csv", b"company id,probability\nA1,0.5\n"), "source": str(source.pk)},
    )
    assert sent.status_code == 302, "it is kept"
    made = Import.objects.get()
    assert is_unsure(made)
    assert "What are its rows?" in page_of(client, made)
    client.post(f"/imports/{made.pk}/columns/", {"kind": "orders"})
    made.refresh_from_db()
    assert made.kind == "orders"
    before = made.mapping
    client.post(f"/imports/{made.pk}/columns/", {"kind": "orders"})
    made.refresh_from_db()
    assert made.mapping == before, "the same again takes no column away"


def test_a_file_that_shows_no_kind_is_asked_for_it_before_it_is_asked_for_columns(source: Source) -> None:
    made = draft(source, "id,who,where\n1,Basil,Lisbon\n2,Fern,New York\n")
    page = page_of(ops(), made)
    assert "What are its rows?" in page
    assert "Read as accounts, they lack: Name." in page
    assert page.count('class="button small primary" type="submit"') == 1
    assert "choose which column of the file that is" not in page


def test_a_file_without_its_account_is_told_to_bring_one(source: Source) -> None:
    made = draft(source, "Contact ID,Full name,E-mail\nx1,Amber,amber@example.com\n")
    page = page_of(ops(), made)
    assert "What are its rows?" not in page, "that is plain"
    assert page.count("Needed, and no column is it yet:") == 1
    assert "add a column with it there and send the file again" in page
    assert "/imports/examples/contacts" in page or "contacts.csv" in page
    assert "Mend the columns" not in page, "there is none to mend"
    assert "they come back as a file" not in page


def test_all_that_is_in_doubt_is_named_at_once(source: Source) -> None:
    make_account(external_id="A1", source=source)
    made = draft(
        source, "Contract no,Account ID,Start date,End date,Amount,Currency\nC1,A1,03/05/2026,03/05/2027,9,EUR\n"
    )
    page = page_of(ops(), made)
    assert made.kind == "contracts"
    assert "“Start date” (03/05/2026), “End date” (03/05/2027) can be read in two ways." in page
    assert "Is it ARR?" in page, "its currency is read, so its amount is not passed over"


def test_a_region_that_no_account_has_is_warned_of(source: Source) -> None:
    first = draft(source, "account_id,name,region\nA1,One,moon\n")
    assert preview_of(first).unheard == [], "the first region is none to compare with"
    make_account(external_id="A7", source=source, region="emea")
    made = draft(source, "account_id,name,region\nA1,One,moon\nA2,Two,EMEA\nA3,Three,moon\n")
    [one] = preview_of(made).unheard
    assert (one.field, one.values, one.known) == ("region", {"moon": 2}, ["emea"])
    page = page_of(ops(), made)
    assert "Region: no account has this value so far." in page
    assert "The others have emea." in page


def test_when_no_row_would_be_taken_the_columns_come_first(source: Source) -> None:
    made = draft(source, "order no.,customer id,order date,amount,currency\nO1,Nobody,2026-01-02,-,EUR\n")
    assert preview_of(made).counts == {"rejected": 1}
    page = page_of(ops(), made)
    assert "No row of this file would be taken" in page
    assert 'class="button" href="#columns"' in page
    assert page.count('class="button primary" type="submit"') == 1, "the columns are read again first"
    assert reverse("import_confirm", args=[made.pk]) not in page, "there is nothing to import"


def test_what_is_left_out_is_said_before_the_import(source: Source) -> None:
    header = "Record ID,Company name,Company owner,Planned renewal,Shoe size,Type"
    page = page_of(ops(), draft(source, f"{header}\n1,One,Ana Alvarez,2027-01-01,42,Partner\n"))
    assert ">Company owner</td>" in page, "before and after speak of fields as the columns do"
    assert "“Planned renewal” is not used. Is it Renews on?" in page
    assert "Not used: Shoe size" in page
    assert "nothing acts on them: Company owner, Type" in page


def test_a_needed_column_that_is_not_read_is_asked_about(source: Source) -> None:
    header = "Contract ref,Account ID,Start date,End date"
    made = draft(source, f"{header}\nC1,A1,03/05/2026,03/05/2027\nC2,A1,04/06/2026,04/06/2027\n")
    page = page_of(ops(), made)
    assert "can be read in two ways" in page
    assert "Needed, and no column is it yet:</strong> Contract id" in page
    assert "Is it Contract id?" in page
    assert ">Contract id (needed)<" in page


def test_what_looks_like_revenue_is_asked_about_where_no_column_is(source: Source) -> None:
    rows = "1,One,one.example,50000\n"
    page = page_of(ops(), draft(source, f"Record ID,Company name,Company Domain Name,Annual Revenue\n{rows}"))
    assert "Is “Annual Revenue” ARR, what the customer pays you a year?" in page
    assert "3 of 4 are used" in page
    with_arr = f"Record ID,Company name,ARR,Annual Revenue\n{rows.replace('one.example', '5')}"
    assert "what the customer pays you" not in page_of(ops(), draft(source, with_arr))


def test_a_probability_in_place_of_a_confidence_is_said(source: Source) -> None:
    header = "company_id,prediction,probability,scored_at,model,model_version"
    made = draft(source, f"{header}\nA1,churn_risk,0.9,2026-11-01T00:00:00Z,m,1\n")
    assert made.kind == "scores"
    assert "“probability” is read as Confidence, since the file has no other" in page_of(ops(), made)


def test_accents_are_shown_where_there_are_some(source: Source) -> None:
    names = "".join(f"A{at},Plain {at}\n" for at in range(20))
    content = f"account_id,name\n{names}A99,Bräuer Söhne\n".encode("cp1252")
    made = draft_import(file=[content], filename="x.csv", kind="", source=source, by=None, now=NOW)
    assert "<code>Bräuer Söhne</code>" in page_of(ops(), made)


SCORES = "company_id,prediction,probability,scored_at,model,model_version,top_reason,drivers,talking points\n"


def score(of: str, reason: str = "", drivers: str = "", points: str = "", confidence: str = "0.93") -> str:
    return f"A1,churn_risk,{confidence},2026-02-01T00:00:0{of}Z,house,1,{reason},{drivers},{points}\n"


def believed(source: Source, *rows: str) -> list[dict[str, Any]]:
    """What the landed rows say, in order."""
    made = draft(source, SCORES + "".join(rows))
    confirm_import(import_id=made.id, by=None, now=NOW)
    done = run_import(made.id, NOW)
    assert done.counts == {"accepted": len(rows)}, list(RejectedRow.objects.values())
    return [record.payload for record in Record.objects.filter(kind="insights").order_by("payload__scored_at")]


def test_a_reason_may_be_a_sentence_and_is_shown_as_such(source: Source) -> None:
    make_account(external_id="A1", source=source)
    sentence, slug = believed(source, score("1", "Logins down 60 % in 30 days"), score("2", "usage_drop"))
    assert (sentence.get("reason", ""), sentence["factors"]) == ("", [{"name": "Logins down 60 % in 30 days"}])
    assert (slug["reason"], slug.get("factors", [])) == ("usage_drop", [])


def test_factors_and_talking_points_as_people_write_them(source: Source) -> None:
    make_account(external_id="A1", source=source)
    plain, api, pairs = believed(
        source,
        score("1", "Late", '"""logins_30d"": -0.6; no admin active"', "Ask why; offer a training"),
        score("2", "", '"[{""name"": ""seats"", ""was"": 9}]"', '"[""Ask why""]"'),
        score("3", "", '"{""seats"": 9}"', ""),
    )
    assert plain["reason"] == "Late"
    assert plain["factors"] == [{"name": "logins_30d", "value": -0.6}, {"name": "no admin active"}]
    assert plain["talking_points"] == ["Ask why", "offer a training"]
    assert (api["factors"], api["talking_points"]) == ([{"name": "seats", "was": 9}], ["Ask why"])
    assert pairs["factors"] == [{"name": "seats", "value": 9}]


def test_what_is_lacking_is_called_as_on_the_screen(source: Source) -> None:
    make_account(external_id="A1", source=source)
    preview = preview_of(draft(source, SCORES + score("1", confidence="n/a") + score("2", confidence="1.35")))
    assert preview.counts == {"rejected": 2}, "a needed cell is not left out"
    assert {one.message for one in preview.troubles} == {
        "“probability” is blank: every row needs it.",
        "Send a number from 0 to 1, such as 0.93 for 93 %.",
    }
    nobody = preview_of(draft(source, SCORES + score("1").replace("A1", "-"), "scores"))
    assert nobody.troubles[0].message == "“company_id” is blank: every row needs it."


@pytest.mark.parametrize(
    ("kind", "words"), [(date, "date as 2026-11-22."), (datetime, "time as 2026-11-22T06:00:00Z.")]
)
def test_what_is_no_day_of_the_calendar_is_asked_for_as_what_it_should_be(kind: type, words: str) -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert("2026-13-40", kind)
    assert problem_of(refused.value).message == f"Write the {words}"


def test_a_row_is_taken_without_a_cell_that_it_does_not_need(source: Source) -> None:
    header = "account_id,name,domain,arr,arr_currency,renews_on\n"
    bad = "A1,One,no domain,lots,EUR,soon\n"
    good = "A2,Two,two.example,5,EUR,2027-01-01\n"
    made = draft(source, f"{header}{bad}{good}A3,,three.example,5,EUR,2027-01-01\n")
    preview = preview_of(made)
    assert preview.counts == {"created": 2, "rejected": 1}
    assert {one.column for one in preview.warnings} == {"domain", "arr", "renews_on"}
    assert "Import 2 of 3 rows" in page_of(ops(), made)
    confirm_import(import_id=made.id, by=None, now=NOW)
    assert run_import(made.id, NOW).counts == preview.counts
    one = Account.objects.called("A1").get()
    assert (one.name, one.domain, one.arr_amount, one.renews_on) == ("One", "", None, None)
    assert set(RowWarning.objects.values_list("column", "value")) == {
        ("domain", "no domain"), ("arr", "lots"), ("renews_on", "soon"),
    }  # fmt: skip
    assert RejectedRow.objects.get().column == "name"


def test_an_amount_that_cannot_be_read_is_not_called_blank(source: Source) -> None:
    make_account(external_id="A1", source=source)
    header = "order_id,account_id,ordered_on,amount,currency\n"
    rows = "O1,A1,2026-01-02,5.50,EUR\nO2,A1,2026-01-02,6.50,EUR\nO3,A1,2026-01-02,seven,EUR\n"
    preview = preview_of(draft(source, header + rows))
    assert preview.counts == {"created": 2, "rejected": 1}
    assert (preview.troubles[0].code, preview.troubles[0].value) == ("not_a_number", "seven")


def test_money_that_did_not_move_is_never_taken_without_its_status(source: Source) -> None:
    make_account(external_id="A1", source=source)
    made = draft(source, "order_id,account_id,ordered_on,amount,currency,status\nO1,A1,2026-01-02,5,EUR,cancelled\n")
    assert preview_of(made).counts == {"rejected": 1}


def test_words_that_no_type_is_called_are_asked_about_once(source: Source) -> None:
    make_account(external_id="A1", source=source)
    client = ops()
    rows = score("1").replace("churn_risk", "Upsell") + score("2").replace("churn_risk", "Churn risk")
    made = draft(source, SCORES + rows + score("3").replace("churn_risk", "Sunspots"))
    assert "“prediction” holds words that we do not know as Insight type: Upsell, Sunspots" in preview_of(made).refused
    page = page_of(client, made)
    assert "Needs an answer" in page
    assert '<option value="expansion_signal" selected>' in page, "what it mostly is, is offered"
    form = {f"to-{at}": guess.use.to for at, guess in enumerate(columns_of(made))} | {"kind": "scores"}
    answers = {"word-1": ["Upsell", "Sunspots"], "means-1": ["expansion_signal", "-"]}
    assert client.post(f"/imports/{made.pk}/columns/", form | answers).status_code == 302
    made.refresh_from_db()
    assert preview_of(made).counts == {"accepted": 2, "rejected": 1}
    confirm_import(import_id=made.id, by=None, now=NOW)
    run_import(made.id, NOW)
    types = Record.objects.filter(kind="insights").values_list("payload__type", flat=True)
    assert sorted(types) == ["churn_risk", "expansion_signal"]
    again = draft(source, SCORES + score("4").replace("churn_risk", "upsell"))
    assert preview_of(again).counts == {"accepted": 1}, "next week nothing is asked"


def test_a_word_without_an_answer_stays_asked_about_and_only_what_is_needed_is(source: Source) -> None:
    make_account(external_id="A1", source=source)
    made = draft(source, SCORES + score("1").replace("churn_risk", "Sunspots"))
    with pytest.raises(ImportRefused, match="Sunspots"):
        confirm_import(import_id=made.id, by=None, now=NOW)
    contacts = draft(source, "contact_id,account_id,name,stakeholder\nC1,A1,Ana,Boss\nC2,A1,Ben,Decision Maker\n")
    assert preview_of(contacts).counts == {"created": 2}
    assert [one.values for one in preview_of(contacts).warnings] == [{"Boss": 1}]
    assert "“Boss” means" in page_of(ops(), contacts)


def test_a_mapping_cannot_mean_what_is_not_on_the_list(source: Source) -> None:
    use = {"to": "insight_type", "values": {"Upsell": "gold_rush"}}
    content = (SCORES + score("1")).encode()
    with pytest.raises(ImportRefused, match="no value “gold_rush”"):
        start_import(
            file=[content], filename="x.csv", kind="scores", source=source, by=None, now=NOW, loosely=True,
            mapping={"prediction": use},
        )  # fmt: skip


@pytest.mark.parametrize("kind", file_kinds())
def test_the_example_of_a_kind_is_taken_as_it_is(source: Source, kind: str) -> None:
    make_account(external_id="EXAMPLE-1", source=source)
    text = ops().get(f"/imports/{kind}.csv").content.decode()
    preview = preview_of(draft(source, text.replace("2026-11-22", "2026-01-22"), kind))
    assert not preview.refused
    assert (preview.rows, "rejected" in preview.counts, preview.warnings) == (1, False, []), preview


def test_a_row_is_named_by_the_line_that_a_spreadsheet_shows(source: Source) -> None:
    made = draft(source, "account_id,name\nA1,One\nA2,\n")
    assert [one.row for one in preview_of(made).troubles] == [3]
    confirm_import(import_id=made.id, by=None, now=NOW)
    run_import(made.id, NOW)
    assert ">Line 3</th>" in page_of(ops(), made)
