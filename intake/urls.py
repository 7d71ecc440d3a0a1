from django.urls import path

from intake import views

urlpatterns = [
    path("imports/", views.show_imports, name="imports"),
    path("imports/<slug:kind>.csv", views.download_example, name="import_example"),
    path("imports/<uuid:import_id>/", views.show_import, name="import"),
    path("imports/<uuid:import_id>/errors.csv", views.download_errors, name="import_errors"),
    path("sources/", views.show_sources, name="sources"),
    path("sources/new/", views.new_source, name="new_source"),
    path("sources/<slug:slug>/", views.show_source, name="source"),
    path("sources/<slug:slug>/change/", views.edit_source, name="edit_source"),
    path("tokens/", views.show_tokens, name="tokens"),
    path("tokens/<uuid:token_id>/revoke/", views.revoke, name="token_revoke"),
]
