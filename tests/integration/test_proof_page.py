"""Proof: the register that leaders alone see, a hold-out begun after a preview, and one stopped with words."""

from __future__ import annotations

import csv
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import RedLineFlag
from core.bulk import database_now
from decisions.models import Allocation, HoldOut
from decisions.services import tend_hold_outs
from insights.models import InsightType
from tests.factories import NOW, make_contract, make_user
from tests.floor import Floor, signed_in
from tests.trial import DAY, Trial

pytestmark = pytest.mark.django_db


@pytest.fixture
def trial() -> Trial:
    return Trial()


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def terms(**fields: Any) -> dict[str, Any]:
    last = database_now().date() + timedelta(days=100)
    return {"type": "expansion_signal", "human": 10, "automated": 30, "last_day": last.isoformat()} | fields


class TestRegister:
    def test_says_who_is_held_out_of_what_since_and_until_when(self, trial: Trial) -> None:
        arm = trial.held()
        page = text(signed_in(trial.noor).get(reverse("proof")))
        assert arm.account.name in page
        assert "house-logit sees signs that the customer leaves within 90 days; how likely is not said." in page
        assert "Of 10 accounts drawn, 2 were held out" in page
        assert "signed by noor" in page
        assert "Does calling help?" in page

    def test_says_why_somebody_was_released_and_by_whom(self, trial: Trial) -> None:
        arm = trial.held()
        RedLineFlag.objects.create(account=arm.account, kind="legal", since=NOW)
        tend_hold_outs(NOW + DAY)
        assert "A red line: legal matter" in text(signed_in(trial.noor).get(reverse("proof")))

    def test_is_a_file(self, trial: Trial) -> None:
        trial.draw(10)
        answer = signed_in(trial.noor).get(reverse("proof"), {"format": "csv"})
        lines = list(csv.reader(b"".join(answer.streaming_content).decode().splitlines()))  # type: ignore[attr-defined]
        assert len(lines) == 1 + Allocation.objects.filter(held=True).count()
        assert lines[0][:3] == ["Account", "Insight type", "What is held back"]
        assert {line[7] for line in lines[1:]} == {"0.20"}

    def test_of_one_hold_out_alone(self, trial: Trial) -> None:
        arm = trial.held()
        client = signed_in(trial.noor)
        assert arm.account.name in text(client.get(reverse("proof"), {"hold_out": str(trial.hold_out.pk)}))
        other = text(client.get(reverse("proof"), {"hold_out": "01a21d62-5c70-77d6-823b-c01e8590f754"}))
        assert arm.account.name not in other

    def test_a_long_one_has_pages(self, trial: Trial) -> None:
        trial.draw(160, "0.8")
        client = signed_in(trial.noor)
        assert "1 to 50 of 80" in text(client.get(reverse("proof")))
        assert "51 to 80 of 80" in text(client.get(reverse("proof"), {"page": "2"}))

    def test_counts_whom_it_leaves_out(self, trial: Trial) -> None:
        for _ in range(3):
            trial.insight(account=trial.new_account(tier="strategic"))
        assert "3 more accounts were acted on and not drawn" in text(signed_in(trial.noor).get(reverse("proof")))

    @pytest.mark.parametrize("role", ["csm", "manager", "ops"])
    def test_nobody_else_sees_it(self, trial: Trial, role: str) -> None:
        client = signed_in(make_user("other", role=role))
        for name in ("proof", "new_hold_out"):
            assert client.get(reverse(name)).status_code == 403
        assert reverse("proof") not in text(client.get(reverse("preferences")))

    def test_teaches_where_there_is_nothing(self) -> None:
        Floor()
        page = text(signed_in(make_user("noor", role="leader")).get(reverse("proof")))
        assert "Nothing is held out" in page
        assert reverse("new_hold_out") in page

    def test_needs_few_queries(self, trial: Trial, django_assert_max_num_queries: Any) -> None:
        trial.draw(20)
        client = signed_in(trial.noor)
        with django_assert_max_num_queries(12):
            client.get(reverse("proof"))


class TestBeginning:
    def post(self, client: Client, **fields: Any) -> HttpResponse:
        return client.post(reverse("new_hold_out"), terms(**fields))

    def preview(self, client: Client, **fields: Any) -> dict[str, Any]:
        """The terms with what the page that previews them sends along."""
        answer = self.post(client, preview=1, **fields)
        assert answer.status_code == 200
        return terms(**fields) | {"seen": answer.context["terms"], "sign": 1, "signed": "on", "why": "Does it help?"}

    def test_after_a_preview_with_a_signature(self, trial: Trial) -> None:
        client = signed_in(trial.noor)
        answer = client.post(reverse("new_hold_out"), self.preview(client))
        assert answer.status_code == 302
        made = HoldOut.objects.get(type="expansion_signal")
        assert (made.human_share, made.automated_share, made.signed_by) == (Decimal("0.1"), Decimal("0.3"), trial.noor)
        assert made.ends_at > made.begins_at + timedelta(days=99)

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"seen": ""}, "other terms than you looked at"),
            ({"human": 20}, "other terms than you looked at"),
            ({"signed": ""}, "Tick this"),
            ({"why": " "}, "Say what you want to find out"),
            ({"human": 21}, "less than or equal to 20"),
            ({"automated": 51}, "less than or equal to 50"),
            ({"human": 0, "automated": 0}, "other terms"),
            ({"last_day": "yesterday"}, "Choose a day"),
            ({"type": "churn_risk"}, "not one of the available choices"),
        ],
    )
    def test_not_by_the_way(self, trial: Trial, change: dict[str, Any], words: str) -> None:
        client = signed_in(trial.noor)
        answer = client.post(reverse("new_hold_out"), self.preview(client) | change)
        assert answer.status_code == 422
        assert words in text(answer)
        assert not HoldOut.objects.filter(type="expansion_signal").exists()

    def test_what_the_service_refuses_is_said_at_its_field(self, trial: Trial) -> None:
        client = signed_in(trial.noor)
        signed = self.preview(client, last_day="2020-01-01")
        answer = client.post(reverse("new_hold_out"), signed)
        assert answer.status_code == 422
        assert "Choose a last day that is to come" in text(answer)

    def test_the_preview_counts_what_would_have_been(self, trial: Trial) -> None:
        HoldOut.objects.update(ended_at=NOW)
        now = database_now()
        for confidence, count in (("0.93", 20), ("0.8", 10)):
            for _ in range(count):
                trial.insight(confidence, now, account=trial.new_account())
        for fields in ({"tier": "strategic"}, {"tier": "flagship"}, {"stage": "onboarding"}):
            trial.insight(now=now, account=trial.new_account(**fields))
        near = trial.new_account()
        make_contract(near, notice_on=(now + 60 * DAY).date())
        trial.insight(now=now, account=near)
        answer = self.post(signed_in(trial.noor), type="churn_risk", preview=1, spared=["flagship"])
        shown = answer.context["shown"]
        assert (shown.accounts, shown.eligible, shown.held) == (34, 30, 5)
        assert [(part.accounts, part.held, part.revenue) for part in shown.parts] == [
            (20, 2, 200_000),
            (10, 3, 300_000),
        ]
        assert {(reason.value, count) for reason, count in shown.left_out} == {
            ("strategic", 2), ("onboarding", 1), ("notice", 1)
        }  # fmt: skip
        assert "About 5 would have been left alone, together worth $500k a year." in text(answer)

    def test_where_every_type_has_one_it_says_so(self, trial: Trial) -> None:
        InsightType.objects.exclude(slug="churn_risk").update(is_active=False)
        assert "A hold-out of every type is running" in text(signed_in(trial.noor).get(reverse("new_hold_out")))


class TestStopping:
    def stop(self, trial: Trial, why: str) -> HttpResponse:
        url = reverse("hold_out_stop", args=[trial.hold_out.pk])
        return signed_in(trial.noor).post(url, {"why": why})

    def test_with_words(self, trial: Trial) -> None:
        HoldOut.objects.update(ends_at=database_now() + 90 * DAY)
        trial.held()
        assert self.stop(trial, "Complaints.").status_code == 302
        assert not Allocation.objects.held_now().exists()
        page = text(signed_in(trial.noor).get(reverse("proof")))
        assert "Stopped by noor: Complaints." in page
        assert "No hold-out is running" in page

    def test_without_words_nothing_happens(self, trial: Trial) -> None:
        HoldOut.objects.update(ends_at=database_now() + 90 * DAY)
        answer = self.stop(trial, " ")
        assert answer.status_code == 422
        assert "Say why it is stopped" in text(answer)
        assert HoldOut.objects.get().ended_at is None

    def test_one_that_is_over_is_told(self, trial: Trial) -> None:
        HoldOut.objects.update(ended_at=NOW)
        answer = self.stop(trial, "Complaints.")
        assert answer.status_code == 409
        assert "over already" in text(answer)
