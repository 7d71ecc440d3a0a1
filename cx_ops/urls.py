"""All addresses of the site."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from cx_ops import health, views
from cx_ops.views import privacy

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("api/v1/", include("cx_ops.api")),
    path("admin/", admin.site.urls),
    path("accounts/<uuid:account_id>/", views.show_account, name="account"),
    path("accounts/<uuid:account_id>/live/", views.show_live, name="account_live"),
    path("accounts/<uuid:account_id>/touch/", views.log_touch, name="log_touch"),
    path("accounts/<uuid:account_id>/insight/", views.new_insight, name="new_insight"),
    path("contracts/<uuid:contract_id>/forecast/", views.change_forecast, name="change_forecast"),
    path("audit/", views.show_audit, name="audit"),
    path("portfolio/", views.show_portfolio, name="portfolio"),
    path("house-rules/", views.show_house_rules, name="house_rules"),
    path("house-rules/<slug:kind>/", views.show_rules_of, name="house_rules_of"),
    path("house-rules/<slug:kind>/new/", views.new_rule, name="house_rule_new"),
    path("house-rules/<slug:kind>/<str:key>/", views.change_rule, name="house_rule"),
    path("house-rules/<slug:kind>/<str:key>/remove/", views.remove_rule, name="house_rule_remove"),
    path("privacy/", privacy.show_privacy, name="privacy"),
    path("privacy/people/<uuid:contact_id>/", privacy.show_person, name="person"),
    path("privacy/people/<uuid:contact_id>/export/", privacy.export_person, name="person_export"),
    path("privacy/<uuid:erasure_id>/", privacy.show_erasure, name="erasure"),
    path("privacy/<uuid:erasure_id>/drop/", privacy.drop, name="erasure_drop"),
    path("contacts/<uuid:contact_id>/consent/", privacy.show_consent, name="consent"),
    path("readiness/", views.show_readiness, name="readiness"),
    path("renewals/", views.show_renewals, name="renewals"),
    path("review/weekly/", views.show_weekly, name="weekly"),
    path("search/", views.search, name="search"),
    path("segments/", views.show_segments, name="segments"),
    path("segments/new/", views.new_segment, name="new_segment"),
    path("segments/<uuid:segment_id>/", views.change_segment, name="change_segment"),
    path("dead-letters/", views.show_dead_letters, name="dead_letters"),
    path("health/", views.show_health, name="health"),
    path("dead-letters/stages/<slug:stage>/replay/", views.replay_stage, name="dead_letters_replay"),
    path("dead-letters/<uuid:letter_id>/replay/", views.replay, name="dead_letter_replay"),
    path("policies/authority/", views.show_authority, name="authority"),
    path("policies/authority/draft/", views.draft_new_authority, name="authority_draft"),
    path("policies/authority/bands/", views.change_bands, name="authority_bands"),
    path("policies/authority/bands/remove/", views.remove_a_set, name="authority_bands_remove"),
    path("policies/authority/calm/", views.change_calm, name="authority_calm"),
    path("policies/authority/switch/", views.switch_automation, name="switch"),
    path("policies/authority/<int:version>/publish/", views.publish_authority, name="authority_publish"),
    path("policies/authority/<int:version>/take-back/", views.take_back_authority, name="authority_take_back"),
    path("policies/authority/<int:version>/discard/", views.discard_authority, name="authority_discard"),
    path("", include("accounts.urls")),
    path("", include("core.urls")),
    path("", include("decisions.urls")),
    path("", include("intake.urls")),
    path("", include("playbooks.urls")),
]
handler500 = "core.api.problems.server_error"
