from django.urls import path

from intake import views

urlpatterns = [
    path("imports/", views.show_imports, name="imports"),
    path("imports/<uuid:import_id>/", views.show_import, name="import"),
    path("imports/<uuid:import_id>/errors.csv", views.download_errors, name="import_errors"),
]
