"""The one table of the API's routes, under /api/v1/. Names are fixed by the public contract."""

from __future__ import annotations

from django.urls import URLPattern, path

from insights.api import views as insights

urlpatterns: list[URLPattern] = [
    path("insights", insights.Insights.as_view(), name="api-insights"),
    path("insights/bulk", insights.InsightsBulk.as_view(), name="api-insights-bulk"),
    path("insights/<uuid:id>", insights.OneInsight.as_view(), name="api-insight"),
    path("insights/<uuid:id>/retract", insights.RetractInsight.as_view(), name="api-insight-retract"),
]
