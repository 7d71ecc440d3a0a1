from django.urls import path, re_path

from intake import views
from intake.api import doors
from intake.views import federation, pulls, webhooks

urlpatterns = [
    # With and without the slash: a redirect would turn the POST into a GET, and the events would be lost.
    re_path(r"^v1/(?P<verb>batch|identify|track|page|screen|group|alias)/?$", doors.receive, name="events_door"),
    re_path(r"^batch/?$", doors.receive, name="posthog_door"),
    path("imports/", views.show_imports, name="imports"),
    path("imports/<slug:kind>.csv", views.download_example, name="import_example"),
    path("imports/<uuid:import_id>/", views.show_import, name="import"),
    path("imports/<uuid:import_id>/columns/", views.change_columns, name="import_columns"),
    path("imports/<uuid:import_id>/confirm/", views.confirm, name="import_confirm"),
    path("imports/<uuid:import_id>/ids/", views.use_ids, name="import_ids"),
    path("imports/<uuid:import_id>/stop/", views.stop, name="import_stop"),
    path("imports/<uuid:import_id>/undo/", views.undo, name="import_undo"),
    path("imports/<uuid:import_id>/errors.csv", views.download_errors, name="import_errors"),
    path("imports/<uuid:import_id>/warnings.csv", views.download_warnings, name="import_warnings"),
    path("sources/", views.show_sources, name="sources"),
    path("sources/new/", views.new_source, name="new_source"),
    path("sources/<slug:slug>/", views.show_source, name="source"),
    path("sources/<slug:slug>/change/", views.edit_source, name="edit_source"),
    path("quarantine/", views.show_quarantine, name="quarantine"),
    path("quarantine/replay/", views.replay_from_quarantine, name="quarantine_replay"),
    path("quarantine/discard/", views.discard_from_quarantine, name="quarantine_discard"),
    path("tokens/", views.show_tokens, name="tokens"),
    path("tokens/<uuid:token_id>/revoke/", views.revoke, name="token_revoke"),
    path("sources/<slug:slug>/pull/", pulls.new_pull, name="new_pull"),
    path("sources/<slug:slug>/look-up/", federation.edit_look_up, name="look_up"),
    path("pulls/<uuid:pull_id>/", pulls.show_pull, name="pull"),
    path("pulls/<uuid:pull_id>/run/", pulls.run_pull, name="run_pull"),
    path("webhooks/", webhooks.show_webhooks, name="webhooks"),
    path("webhooks/<uuid:webhook_id>/", webhooks.show_webhook, name="webhook"),
    path("webhooks/<uuid:webhook_id>/switch/", webhooks.switch, name="webhook_switch"),
    path("webhooks/<uuid:webhook_id>/secret/", webhooks.rotate, name="webhook_rotate"),
    path("webhooks/<uuid:webhook_id>/test/", webhooks.test, name="webhook_test"),
    path("webhooks/<uuid:webhook_id>/replay/", webhooks.replay_all, name="webhook_replay"),
    path("webhooks/messages/<uuid:delivery_id>/replay/", webhooks.replay, name="delivery_replay"),
]
