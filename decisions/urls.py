from django.urls import path

from decisions import views

urlpatterns = [path("decisions/<uuid:insight_id>/", views.show_decision, name="decision")]
