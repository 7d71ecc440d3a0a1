from django.urls import path

from core import views

urlpatterns = [
    path("login/", views.sign_in, name="login"),
    path("login/demo/", views.demo_sign_in, name="demo_sign_in"),
    path("logout/", views.sign_out, name="logout"),
    path("theme/", views.set_theme, name="theme"),
    path("preferences/", views.show_preferences, name="preferences"),
    path("preferences/password/", views.change_password, name="password"),
    path("preferences/away/", views.set_own_absence, name="own_absence"),
    path("preferences/away/end/", views.end_own_absence, name="own_absence_end"),
    path("alerts/", views.show_alerts, name="alerts"),
    path("mailbox/", views.show_mailbox, name="mailbox"),
    path("styleguide/", views.show_styleguide, name="styleguide"),
]
