from django.urls import path

from accounts import views

urlpatterns = [
    path("accounts/", views.show_accounts, name="accounts"),
    path("accounts/<uuid:account_id>/said/", views.show_said, name="account_said"),
    path("accounts/<uuid:account_id>/merge/", views.merge_account, name="account_merge"),
    path("accounts/<uuid:account_id>/split/", views.split_links, name="account_split"),
    path("contacts/<uuid:contact_id>/", views.show_contact, name="contact"),
    path("contacts/<uuid:contact_id>/compare/", views.compare_contact, name="contact_compare"),
    path("merges/<uuid:merge_id>/undo/", views.undo_account_merge, name="merge_undo"),
    path("parked/", views.show_parked, name="parked"),
    path("review/", views.show_review, name="review"),
    path("review/alike/", views.judge_alike, name="review_alike"),
    path("review/<uuid:pair_id>/", views.judge, name="review_judge"),
    path("review/<uuid:pair_id>/undo/", views.undo_verdict, name="review_undo"),
    path("sources/<slug:slug>/parallel/", views.show_run, name="parallel_run"),
    path("sources/<slug:slug>/parallel/compare/", views.count_again, name="parallel_compare"),
    path("sources/<slug:slug>/parallel/switch/", views.switch_run, name="parallel_switch"),
    path("sources/<slug:slug>/parallel/stop/", views.stop, name="parallel_stop"),
    path("sources/<slug:slug>/parallel/undo/", views.undo, name="parallel_undo"),
    path("policies/fields/", views.show_fields, name="field_policies"),
    path("policies/fields/matching/", views.set_mode, name="matching_mode"),
]
