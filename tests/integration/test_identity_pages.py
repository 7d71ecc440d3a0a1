"""The screens of identity: review, who says what, who is believed."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.enums import AccountRole, Forecast
from accounts.models import Account, AccountPerson, Contract, FieldPolicy, Link, MatchingMode, Merge, Pair
from accounts.queries.pairs import name_to_keep, next_pair
from accounts.services import project_all, set_account_person, set_forecast
from accounts.services.kinds import ACCOUNTS, CONTRACTS
from core.ids import uuid7
from core.models import Act, User
from intake.models import FieldPrivacy, Source
from tests.factories import NOW, make_source, make_user
from tests.floor import signed_in
from tests.integration.test_accounts_bulk import on_account, send, statuses

pytestmark = pytest.mark.django_db


@pytest.fixture
def ops() -> User:
    return make_user("olga", role="ops")


@pytest.fixture
def desk(ops: User) -> Client:
    return signed_in(ops)


def doubtful(crm: Source, billing: Source, *numbers: int) -> list[Pair]:
    for n in numbers:
        item = {"external_id": f"A{n}", "name": f"Amber Foods {n}", "domain": f"amber{n}.example", "tier": "growth"}
        send(ACCOUNTS, crm, item)
        send(ACCOUNTS, billing, {"external_id": f"B{n}", "name": f"Zenith Rail {n}", "email": f"ana@amber{n}.example"})
    return list(Pair.objects.order_by("found_at", "id"))


def test_a_pair_is_shown_side_by_side_and_made_one_and_two_again(desk: Client, source: Source) -> None:
    [pair] = doubtful(source, make_source("billing"), 1)
    page = desk.get("/review/").content.decode()
    for words in ("Amber Foods 1", "Zenith Rail 1", "Same domain amber1.example", "names do not agree", "Billing: B1"):
        assert words in page
    done = desk.post(f"/review/{pair.pk}/", {"verdict": "same"}, follow=True)
    assert "are one account now" in done.content.decode()
    assert Account.objects.filter(archived_at=None).count() == 1
    assert Merge.objects.get().evidence["value"] == "amber1.example"
    desk.post(f"/review/{pair.pk}/undo/")
    assert Account.objects.filter(archived_at=None).count() == 2
    pair.refresh_from_db()
    assert pair.verdict == "open"


@pytest.mark.parametrize("believed", ["house", "billing"])
def test_the_review_says_before_a_merge_what_stands_after_it(
    believed: str, desk: Client, ops: User, source: Source
) -> None:
    sources = {"house": source, "billing": make_source("billing")}
    [pair] = doubtful(source, sources["billing"], 1)
    kim, lee = make_user("kim", first_name="Kim", last_name="Reed"), make_user("lee", first_name="Lee")
    set_account_person(account=pair.sides[0], role=AccountRole.CSM, user=kim, by=ops, now=NOW)
    item = {"external_id": "A1", "name": "Amber Foods 1", "domain": "amber1.example", "people": {"csm": lee.username}}
    send(ACCOUNTS, source, item)
    rules = {"name": {"sources": [str(sources[believed].pk)]}}
    FieldPolicy.objects.create(version=1, rules=rules, why="names", published_by=ops, published_at=NOW)
    page = next_pair(ops, NOW)
    assert page is not None
    after = {row.label: row.after for row in page.rows}
    assert after["Name"] == {"house": "Amber Foods 1", "billing": "Zenith Rail 1"}[believed]
    assert page.stays is not None
    assert page.renamed == ("" if after["Name"] == page.stays.name else after["Name"])
    assert bool(page.renamed) == (f"It will be called {after['Name']}." in desk.get("/review/").content.decode())
    before = {row.label: row.first for row in page.rows}
    assert before["Customer success manager"] == "Kim Reed", "as the account shows it, not as its newest record says"
    desk.post(f"/review/{pair.pk}/", {"verdict": "same"})
    account = Account.objects.get(archived_at=None)
    assert account == page.stays
    shown = (account.name, account.domain, account.fields["email"], account.tier.capitalize())
    assert (after["Name"], after["Domain"], after["E-mail"], after["Tier"]) == shown


def test_no_answer_stands_out_where_the_names_disagree_and_later_shows_the_next_pair(
    desk: Client, source: Source
) -> None:
    first, _second = doubtful(source, make_source("billing"), 1, 2)
    page = desk.get("/review/").content.decode()
    assert "1 of 2" in page
    assert "This pair and 1 other have the same kind of evidence." in page
    assert 'class="button primary" name="verdict"' not in page
    Pair.objects.filter(pk=first.pk).update(evidence=first.evidence | {"name_score": 94})
    assert 'class="button primary" name="verdict"' in desk.get("/review/").content.decode()
    Pair.objects.filter(pk=first.pk).update(evidence=first.evidence | {"name_score": 94, "why": "two_ids"})
    assert 'class="button primary" name="verdict"' not in desk.get("/review/").content.decode()


def test_customers_who_are_people_are_matched_by_what_they_say(desk: Client, source: Source) -> None:
    shop = make_source("shop")
    ana = {"name": "Ana Ruiz", "born_on": "1961-03-07", "street": "8 Stanley St", "postcode": "4223", "city": "Miami"}
    send(ACCOUNTS, source, ana | {"external_id": "A1", "tax_id": "530-4218"})
    send(ACCOUNTS, shop, ana | {"external_id": "S1", "name": "Anna Ruiz"})
    account = Account.objects.get()
    page = desk.get(f"/accounts/{account.pk}/said/").content.decode()
    assert "Same birth date and postcode 1961-03-07 4223. Their names agree (94 of 100)." in page
    assert "Beside them: street the same, city the same." in page
    send(ACCOUNTS, make_source("web"), ana | {"external_id": "W1", "name": "Eva Ruiz"})
    FieldPrivacy.objects.create(
        field="accounts.fields.born_on", privacy="restricted", roles=["manager"], may_leave=False
    )
    file = b"".join(desk.get("/review/?format=csv").streaming_content).decode()  # type: ignore[attr-defined]
    for page in (desk.get("/review/").content.decode(), file):
        assert "Same birth date and postcode." in page
        assert "1961" not in page


def test_a_verdict_outlives_the_same_file(desk: Client, source: Source) -> None:
    billing = make_source("billing")
    [pair] = doubtful(source, billing, 1)
    desk.post(f"/review/{pair.pk}/", {"verdict": "different"})
    doubtful(source, billing, 1)
    assert [pair.verdict for pair in Pair.objects.all()] == ["different"]
    assert "No pair waits for you" in desk.get("/review/").content.decode()
    again = desk.post(f"/review/{pair.pk}/", {"verdict": "same"}, follow=True)
    assert "said meanwhile" in again.content.decode()


def test_later_goes_to_the_end(desk: Client, source: Source) -> None:
    first, second = doubtful(source, make_source("billing"), 1, 2)
    assert first.first.name in desk.get("/review/").content.decode()
    desk.post(f"/review/{first.pk}/", {"verdict": "later"})
    assert f"/review/{second.pk}/" in desk.get("/review/").content.decode()


def test_all_with_equal_evidence_are_previewed_then_decided(desk: Client, source: Source) -> None:
    doubtful(source, make_source("billing"), 1, 2, 3)
    form = {"pattern": "domain:name", "verdict": "same"}
    assert "3 pairs" in desk.post("/review/alike/", form).content.decode()
    assert Merge.objects.count() == 0
    desk.post("/review/alike/", form | {"confirmed": "on"})
    assert Merge.objects.count() == 3
    assert set(Pair.objects.values_list("verdict", flat=True)) == {"same"}
    live = Account.objects.filter(archived_at=None).values_list("name", flat=True)
    assert set(live) == {"Amber Foods 1", "Amber Foods 2", "Amber Foods 3"}, "the newer record renames none of them"


def test_of_two_names_that_of_the_account_to_which_more_ids_lead_is_kept(source: Source) -> None:
    [pair] = doubtful(source, make_source("billing"), 1)
    older, newer = (account for account in pair.sides if isinstance(account, Account))
    assert name_to_keep(newer, older) == "Amber Foods 1", "of equals the older"
    link = Link.objects.get(account=newer, revoked_at=None)
    link.pk, link.source_id = uuid7(), make_source("shop").pk
    link.namespace_id = link.source_id
    link.save(force_insert=True)
    assert name_to_keep(newer, older) == "Zenith Rail 1"


def test_two_ids_of_one_source_ask_for_a_word(desk: Client, source: Source) -> None:
    item = {"name": "Amber Foods", "domain": "amber.example"}
    send(ACCOUNTS, source, item | {"external_id": "A1"}, item | {"external_id": "A2"})
    pair = Pair.objects.get()
    refused = desk.post(f"/review/{pair.pk}/", {"verdict": "same"})
    assert (refused.status_code, Merge.objects.count()) == (422, 0)
    assert "A1, A2" in refused.content.decode()
    desk.post(f"/review/{pair.pk}/", {"verdict": "same", "despite": "on", "why": "entered twice"})
    assert Merge.objects.get().why == "entered twice"


def test_who_says_what_and_why_it_lost(desk: Client, source: Source, ops: User) -> None:
    crm = make_source("crm", account_namespace=source)
    send(ACCOUNTS, source, {"external_id": "A1", "name": "Acme", "tier": "growth"})
    send(ACCOUNTS, crm, {"external_id": "A1", "name": "Acme", "tier": "scale"}, namespace_id=source.pk)
    account = Account.objects.get()
    page = desk.get(f"/accounts/{account.pk}/said/").content.decode()
    assert "an older one" in page
    assert "House: A1" in page
    part = desk.get(f"/accounts/{account.pk}/said/", headers={"HX-Request": "true"}).content.decode()
    assert "an older one" in part
    assert "<html" not in part


def test_merging_and_splitting_by_hand(desk: Client, source: Source) -> None:
    other = make_source("other")
    send(ACCOUNTS, source, {"external_id": "A1", "name": "Acme"})
    send(ACCOUNTS, other, {"external_id": "Z1", "name": "Zenith", "tier": "gold"})
    acme, zenith = Account.objects.get(name="Acme"), Account.objects.get(name="Zenith")
    url = f"/accounts/{acme.pk}/"
    assert "Zenith" in desk.get(f"{url}said/?words=Zenith").content.decode()
    form = {"words": "Zenith", "other": zenith.pk}
    assert desk.post(f"{url}merge/", form).status_code == 422
    desk.post(f"{url}merge/", form | {"why": "bought it"})
    merge = Merge.objects.get()
    assert f"/accounts/{acme.pk}/" in desk.get(f"/accounts/{zenith.pk}/said/").content.decode()
    desk.post(f"/merges/{merge.pk}/undo/")
    assert Account.objects.filter(archived_at=None).count() == 2
    desk.post(f"{url}merge/", form | {"why": "bought it"})
    link = acme.links.get(external_id="Z1")
    assert desk.post(f"{url}split/", {"links": link.pk, "why": ""}).status_code == 422
    FieldPrivacy.objects.create(field="accounts.tier", privacy="restricted", roles=["manager"], may_leave=False)
    tried = desk.post(f"{url}split/", {"links": link.pk, "why": "", "preview": "1"}).content.decode()
    for words in ("Zenith would be an account of its own", "It would show: Name Zenith", "Tier"):
        assert (words in tried) is (words != "Tier"), words
    assert (Account.objects.filter(archived_at=None).count(), Act.objects.filter(verb="split").count()) == (1, 0)
    desk.post(f"{url}split/", {"links": link.pk, "why": "sold it"})
    link.refresh_from_db()
    assert link.account.name == "Zenith"
    assert link.account.pk not in (acme.pk, zenith.pk)


def rules(**fields: str) -> dict[str, Any]:
    return {name.replace("__", "-"): value for name, value in fields.items()}


def test_rules_are_tried_published_and_taken_back(desk: Client, source: Source) -> None:
    crm = make_source("crm", account_namespace=source)
    send(ACCOUNTS, source, {"external_id": "A1", "name": "Acme", "tier": "growth"})
    send(ACCOUNTS, crm, {"external_id": "A1", "name": "Acme", "tier": "scale"}, namespace_id=source.pk)
    form = rules(seen="0", tier__0=str(source.pk))
    first = desk.get("/policies/fields/").content.decode()
    assert ("<span>newest</span>" in first, 'value="publish"' in first) == (True, False)
    tried = desk.post("/policies/fields/", form | {"do": "try"}).content.decode()
    assert re.search(rf"<span>{source.name}, else newest <span[^>]*>\s*Not published", tried), (
        "it holds only once it is published"
    )
    assert f"Would be published: Tier ({source.name}, else newest)." in tried
    assert "1 account would show something else" in tried
    assert "Growth" in tried
    assert (FieldPolicy.objects.count(), Account.objects.get().tier) == (0, "scale")
    refused = desk.post("/policies/fields/", form | {"do": "publish"})
    assert refused.status_code == 422
    assert "1 account would show something else" in refused.content.decode(), "what it would do is still there"
    desk.post("/policies/fields/", form | {"do": "publish", "why": "the house knows"})
    assert (FieldPolicy.objects.count(), Account.objects.get().tier) == (1, "growth")
    assert statuses(
        send(ACCOUNTS, crm, {"external_id": "A1", "name": "Acme", "tier": "mid"}, namespace_id=source.pk)
    ) == ["unchanged"]
    stale = desk.post("/policies/fields/", form | {"do": "publish", "why": "again"})
    assert stale.status_code == 422
    same = desk.post("/policies/fields/", form | {"seen": "1", "do": "publish", "why": "again"})
    assert "Nothing is different from the rules in force" in same.content.decode()
    desk.post("/policies/fields/", rules(seen="1", do="publish", why="back"))
    assert Account.objects.get().tier == "mid"
    assert Act.objects.filter(verb="published", subject_type="fieldpolicy").count() == 2
    assert project_all(now=NOW) == 0


def test_what_was_typed_is_not_overwritten_by_a_file_that_comes_again(source: Source, desk: Client) -> None:
    lead = make_user("lena", role="manager")
    ana, ben = make_user("ana"), make_user("ben")
    item = {"external_id": "A1", "name": "Acme", "csm": "ana"}
    term = on_account({"external_id": "K1", "starts_on": "2026-01-01", "ends_on": "2026-12-31", "forecast": "likely"})
    send(ACCOUNTS, source, item)
    send(CONTRACTS, source, term)
    account = Account.objects.get()
    account.team = ana.team
    set_account_person(account=account, role=AccountRole.CSM, user=ben, by=lead, now=NOW)
    boss = make_user("boss", is_superuser=True)
    set_forecast(contract_id=Contract.objects.get().pk, was=Forecast.LIKELY, to=Forecast.COMMIT, by=boss, now=NOW)
    assert statuses(send(ACCOUNTS, source, item)) == ["unchanged"]
    assert statuses(send(CONTRACTS, source, term)) == ["unchanged"]
    assert AccountPerson.objects.get(role="csm").user == ben
    assert Contract.objects.get().forecast == "commit"
    assert project_all(now=NOW) == 0
    form = rules(seen="0", people__0=str(source.pk), forecast__0=str(source.pk), do="publish", why="the CRM decides")
    desk.post("/policies/fields/", form)
    assert AccountPerson.objects.get(role="csm").user == ana
    assert statuses(send(CONTRACTS, source, term)) == ["updated"]
    assert Contract.objects.get().forecast == "likely"


def test_a_blank_clears_only_where_its_rule_says_so(source: Source, desk: Client) -> None:
    item = {"external_id": "A1", "name": "Acme", "tier": "growth", "region": "emea"}
    send(ACCOUNTS, source, item)
    desk.post("/policies/fields/", rules(seen="0", tier__nulls="clear", do="publish", why="blank means none"))
    assert statuses(send(ACCOUNTS, source, item | {"tier": "", "region": ""})) == ["updated"]
    account = Account.objects.get()
    assert (account.tier, account.region) == ("", "emea")


def test_what_relaxed_matching_would_join_is_shown_before_it_holds(source: Source, desk: Client) -> None:
    billing = make_source("billing")
    doubtful(source, billing, 1, 2)
    page = desk.get("/policies/fields/", {"source": "billing"}).content.decode()
    assert "Tried on the 2 newest of the accounts that Billing made: relaxed, 2 would have been joined" in page
    assert "Match Billing relaxed" in page
    assert Account.objects.filter(archived_at=None).count() == 4, "it is only tried"
    other = desk.get("/policies/fields/", {"source": source.slug}).content.decode()
    assert "relaxed, 0 would have been joined" in other
    desk.post("/policies/fields/matching/", {"source": "billing", "mode": "relaxed"})
    page = desk.get("/policies/fields/", {"source": "billing"}).content.decode()
    assert "Match Billing strictly" in page
    assert "would have been joined" not in page


def test_relaxed_matching_is_a_choice_per_source(source: Source, desk: Client) -> None:
    billing = make_source("billing")
    desk.post("/policies/fields/matching/", {"source": "billing", "mode": "relaxed"})
    assert MatchingMode.objects.get().mode == "relaxed"
    doubtful(source, billing, 1)
    assert Account.objects.count() == 1
    assert Pair.objects.count() == 0


def test_the_name_that_is_kept_is_chosen_on_the_review(desk: Client, source: Source) -> None:
    [pair] = doubtful(source, make_source("billing"), 1)
    page = desk.get("/review/").content.decode()
    assert re.findall(r'name="name" value="([^"]*)"( checked)?', page) == [
        ("Amber Foods 1", " checked"),
        ("Zenith Rail 1", ""),
    ]
    assert '<td class="after">as chosen above</td>' in page
    refused = desk.post(f"/review/{pair.pk}/", {"verdict": "same", "name": "Another"})
    assert refused.status_code == 422
    desk.post(f"/review/{pair.pk}/", {"verdict": "same", "name": "Zenith Rail 1"})
    assert Account.objects.get(archived_at=None).name == "Zenith Rail 1"
    desk.post(f"/review/{pair.pk}/undo/")
    assert {one.name for one in Account.objects.filter(archived_at=None)} == {"Amber Foods 1", "Zenith Rail 1"}


def test_the_name_that_is_kept_is_chosen_in_a_merge_by_hand(desk: Client, ops: User, source: Source) -> None:
    [pair] = doubtful(source, make_source("billing"), 1)
    first, second = (account for account in pair.sides if isinstance(account, Account))
    found = desk.get(f"/accounts/{first.pk}/said/?words={second.name}").content.decode()
    assert "Make it one account" not in found, "what it does is shown before"
    ask = {"words": second.name, "other": str(second.pk), "preview": "1"}
    asked = desk.post(f"/accounts/{first.pk}/merge/", ask).content.decode()
    assert f"{second.name} would become part of {first.name}" in asked
    assert '<td class="after">as chosen above</td>' in asked
    assert Account.objects.filter(archived_at=None).count() == 2
    assert re.findall(r'name="keep" value="([^"]*)"( checked)?', asked) == [
        ("this", " checked"),
        ("other", ""),
        ("", ""),
    ]
    rules = {"name": {"sources": [str(source.pk)]}}
    rule = FieldPolicy.objects.create(version=1, rules=rules, why="names", published_by=ops, published_at=NOW)
    ruled = desk.post(f"/accounts/{first.pk}/merge/", ask).content.decode()
    assert 'name="keep"' not in ruled
    assert "as chosen above" not in ruled
    rule.delete()
    sent = {"words": second.name, "other": str(second.pk), "why": "one company", "keep": "this"}
    again = desk.post(f"/accounts/{first.pk}/merge/", sent | {"why": " "})
    assert (again.status_code, "Say why they are one account" in again.content.decode()) == (422, True)
    assert "Make it one account" in again.content.decode(), "what was seen is still there"
    desk.post(f"/accounts/{first.pk}/merge/", sent)
    assert Account.objects.get(archived_at=None).name == first.name
    assert "Its name was chosen then" in desk.get(f"/accounts/{first.pk}/said/").content.decode()
