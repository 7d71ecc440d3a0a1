from django.urls import path

from accounts import views

urlpatterns = [path("accounts/", views.show_accounts, name="accounts")]
