from core.views.alerts import show_alerts
from core.views.mailbox import show_mailbox
from core.views.person import end_own_absence, go_home, set_own_absence, set_theme, show_preferences
from core.views.session import change_password, demo_sign_in, sign_in, sign_out
from core.views.styleguide import show_styleguide

__all__ = [
    "change_password",
    "demo_sign_in",
    "end_own_absence",
    "go_home",
    "set_own_absence",
    "set_theme",
    "show_alerts",
    "show_mailbox",
    "show_preferences",
    "show_styleguide",
    "sign_in",
    "sign_out",
]
