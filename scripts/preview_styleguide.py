#!/usr/bin/env python3
"""Serve the style guide, log-in, shell and error pages on a local port, without a database.

    python scripts/preview_styleguide.py [--port 8123]

For whoever works on templates and CSS. The pages carry the same strict Content-Security-Policy as the app.
"""

import argparse
import json
import secrets
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from wsgiref.simple_server import WSGIServer, make_server

import django
from django import forms
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path

ROOT = Path(__file__).resolve().parent.parent
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
DEMO_USERS = [
    {"username": "ana", "label": "Ana Example", "role": "Customer success manager"},
    {"username": "dana", "label": "Dana Example", "role": "Manager"},
    {"username": "lee", "label": "Lee Example", "role": "Leader"},
    {"username": "ola", "label": "Ola Example", "role": "Operations"},
]
PAGES = {
    "styleguide": ("styleguide.html", 200),
    "login": ("registration/login.html", 200),
    "400": ("400.html", 400),
    "403": ("403.html", 403),
    "404": ("404.html", 404),
    "429": ("429.html", 429),
    "500": ("500.html", 500),
}


class LoginForm(forms.Form):
    """The fields of Django's own log-in form, which needs a database."""

    username = forms.CharField(label="Username")
    password = forms.CharField(label="Password", widget=forms.PasswordInput)

    def clean(self) -> None:
        """Refuse everybody: this is only a preview."""
        raise forms.ValidationError("This name and password do not belong together.")


def read_times(values: dict[str, object]) -> dict[str, object]:
    """Turn the "at" of a JSON object, an ISO text, into an aware datetime."""
    moment = values.get("at")
    return {**values, "at": datetime.fromisoformat(moment)} if isinstance(moment, str) else values


def load_sample() -> dict[str, object]:
    """Return the style guide's context, as the app's own view does."""
    text = (ROOT / "templates" / "styleguide" / "sample.json").read_text()
    sample: dict[str, object] = json.loads(text, object_hook=read_times)
    return sample


def add_policy(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Put the Content-Security-Policy on every answer."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response["Content-Security-Policy"] = POLICY
        return response

    return middleware


def show_page(request: HttpRequest, name: str) -> HttpResponse:
    """Render one of PAGES, or `<name>.html` with the sample as context."""
    if name not in PAGES:
        raise Http404
    template, status = PAGES[name]
    login = {"form": LoginForm(request.POST or None), "demo_users": DEMO_USERS, "demo_url": "/login/"}
    return render(request, template, load_sample() if name == "styleguide" else login, status=status)


def set_theme(request: HttpRequest) -> HttpResponse:
    """Keep the chosen theme in a cookie and go back."""
    response = redirect(request.POST.get("next") or "/styleguide/")
    response.set_cookie("theme", request.POST.get("theme", "auto"), samesite="Lax")
    return response


def show_static(request: HttpRequest, name: str) -> HttpResponseBase:
    """Answer with a file below static/."""
    file = (ROOT / "static" / name).resolve()
    if not file.is_relative_to(ROOT / "static") or not file.is_file():
        raise Http404
    return FileResponse(file.open("rb"))


urlpatterns: list[URLPattern] = [
    path("static/<path:name>", show_static),
    path("theme/", set_theme, name="theme"),
    path("logout/", show_page, {"name": "login"}, name="logout"),
    path("login/", show_page, {"name": "login"}, name="login"),
    path("<str:name>/", show_page),
]


def configure() -> None:
    """Set up Django with templates and nothing else."""
    settings.configure(
        DEBUG=False,
        SECRET_KEY=secrets.token_hex(),
        ALLOWED_HOSTS=["127.0.0.1", "localhost"],
        ROOT_URLCONF=__name__,
        STATIC_URL="/static/",
        USE_TZ=True,
        INSTALLED_APPS=["template_partials"],
        MIDDLEWARE=[f"{__name__}.add_policy", "django.middleware.csrf.CsrfViewMiddleware"],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [ROOT / "templates"],
                "APP_DIRS": True,
                "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
            }
        ],
    )
    django.setup()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="Preview of the style guide")
    parser.add_argument("--port", type=int, default=8123)
    port: int = parser.parse_args().port
    configure()
    server: WSGIServer = make_server("127.0.0.1", port, get_wsgi_application())
    sys.stderr.write(f"http://127.0.0.1:{port}/styleguide/\n")
    server.serve_forever()


if __name__ == "__main__":
    main()
