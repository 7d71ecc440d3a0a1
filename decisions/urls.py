from django.urls import path

from decisions import views

urlpatterns = [
    path("proof/", views.show_proof, name="proof"),
    path("proof/new/", views.new_hold_out, name="new_hold_out"),
    path("proof/<uuid:hold_out_id>/stop/", views.stop_a_hold_out, name="hold_out_stop"),
    path("policies/ownership/", views.show_ownership, name="ownership"),
    path("policies/ownership/cell/", views.change_cell, name="ownership_cell"),
    path("policies/ownership/cell/remove/", views.remove_a_cell, name="ownership_cell_remove"),
    path("policies/ownership/<int:version>/publish/", views.publish_ownership, name="ownership_publish"),
    path("policies/ownership/<int:version>/take-back/", views.take_back_ownership, name="ownership_take_back"),
    path("policies/ownership/<int:version>/discard/", views.discard_ownership, name="ownership_discard"),
]
