"""Django's settings. Every choice of an operator is an environment variable."""

import os
from pathlib import Path

import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from pgtrigger.core import Row

from cx_ops import environment
from cx_ops.environment import Mode

# Django's generic classes take their type arguments at run time too.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
MODE = environment.read_mode()
IS_TEST = MODE is Mode.TEST

# Plain HTTP on the own machine: cookies without the __Host- prefix, no redirect to https.
INSECURE_LOOPBACK = environment.read_flag("CX_INSECURE_LOOPBACK")
if INSECURE_LOOPBACK and MODE is Mode.PRODUCTION:
    raise ImproperlyConfigured("CX_INSECURE_LOOPBACK=1 is for the demo and the tests only")

CX_DATA_DIR = Path(os.environ.get("CX_DATA_DIR") or BASE_DIR / ".cx" / "data")
# Where load_demo leaves the demonstration's log-ins for the launcher.
CX_CREDENTIALS_FILE = Path(os.environ.get("CX_CREDENTIALS_FILE") or CX_DATA_DIR / "credentials.json")

# --- Application

DEBUG = False
INSTALLED_APPS = [
    "cx_ops",
    "outcomes",
    "playbooks",
    "decisions",
    "insights",
    "accounts",
    "intake",
    "core",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "django_htmx",
    "template_partials",
    "pgtrigger",
    "pghistory",
    "csp",
    "axes",
]
MIDDLEWARE = [
    "core.api.request_id.RequestIdMiddleware",
    "core.api.problems.ApiProblemsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "core.middleware.end_old_sessions",
    "core.middleware.use_own_zone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "pghistory.middleware.HistoryMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "cx_ops.urls"
WSGI_APPLICATION = "cx_ops.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.context.frame",
            ],
        },
    },
]

# --- Language and time

LANGUAGE_CODE = "en"
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = LOCALE_PATHS[0].is_dir()  # without a catalogue of ours Django's own would call English pages German
USE_TZ = True
TIME_ZONE = "UTC"

# --- PostgreSQL

# Connections that one process keeps for its threads; with 0 each thread keeps its own for a minute.
DATABASE_POOL = environment.read_integer("CX_DB_POOL", default=0)
_database = environment.database_from_url(os.environ.get("DATABASE_URL") or "postgresql:///cx_ops")
_database["OPTIONS"] = {"connect_timeout": "5", "prepare_threshold": 5} | _database["OPTIONS"]  # for core/written.py
# Set, so that the triggers of the audit trail need not find out by an exception a row that it is not.
_database["OPTIONS"]["options"] = f"{_database['OPTIONS'].get('options', '')} -c pgtrigger.ignore={{}}".strip()
if not IS_TEST:
    if DATABASE_POOL:
        _database["OPTIONS"]["pool"] = {"min_size": 1, "max_size": DATABASE_POOL, "timeout": 5}
    else:
        _database["CONN_MAX_AGE"] = 60
DATABASES = {"default": _database}

# --- Valkey or Redis, Celery

REDIS_URL = os.environ.get("REDIS_URL") or "redis://localhost:6379/0"
# What the web processes count together; `default` stays in each process.
_in_process = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
_in_valkey = {
    "BACKEND": "django.core.cache.backends.redis.RedisCache",
    "LOCATION": environment.redis_from_url(REDIS_URL),
    "KEY_PREFIX": "cx",
    "OPTIONS": {"socket_connect_timeout": 0.25, "socket_timeout": 0.25},
}
CACHES = {"default": _in_process, "shared": _in_process | {"LOCATION": "shared"} if IS_TEST else _in_valkey}
CELERY_BROKER_URL = environment.broker_from_url(REDIS_URL)
# A job that runs longer than this is delivered again; the three places must agree.
VISIBILITY_TIMEOUT = 300
CELERY_VISIBILITY_TIMEOUT = VISIBILITY_TIMEOUT
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = {"visibility_timeout": VISIBILITY_TIMEOUT}
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": VISIBILITY_TIMEOUT,
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 1,
}
CELERY_BROKER_CONNECTION_TIMEOUT = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
# With reject_on_worker_lost a job that kills its worker would loop for ever; a retry stops after three.
CELERY_TASK_RETRY_ON_WORKER_LOST = True
CELERY_TASK_REJECT_ON_WORKER_LOST = False
CELERY_TASK_SOFT_TIME_LIMIT = 90
CELERY_TASK_TIME_LIMIT = 120
# A nudge is best effort: the row is committed, and the sweep finds it.
CELERY_TASK_PUBLISH_RETRY_POLICY = {
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.05,
    "interval_max": 0.05,
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TIMEZONE = "UTC"

# --- Log-ins and sessions

AUTH_USER_MODEL = "core.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "cx_ops.rights.RoleBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
if IS_TEST:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Locks a name at an address, not an address: behind a proxy all addresses are the proxy's.
AXES_ENABLED = not IS_TEST
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address"]

SECURE_COOKIES = not INSECURE_LOOPBACK and not IS_TEST
SESSION_COOKIE_NAME = "__Host-sessionid" if SECURE_COOKIES else "sessionid"
SESSION_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60  # the absolute limit
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CX_SESSION_IDLE_SECONDS = environment.read_integer("CX_SESSION_IDLE_SECONDS", default=60 * 60)
CSRF_COOKIE_NAME = "__Host-csrftoken" if SECURE_COOKIES else "csrftoken"
CSRF_COOKIE_SECURE = SECURE_COOKIES
CSRF_COOKIE_SAMESITE = "Lax"

# --- The edge


def _secret_key() -> str:
    given = os.environ.get("CX_SECRET_KEY")
    if given:
        return given
    if MODE is Mode.PRODUCTION:
        raise ImproperlyConfigured("CX_SECRET_KEY is required; CX_ENV=demo or test does without")
    return get_random_secret_key()


SECRET_KEY = _secret_key()
ALLOWED_HOSTS = environment.read_list("CX_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = environment.read_list("CX_TRUSTED_ORIGINS", default=[])
if environment.read_flag("CX_BEHIND_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = SECURE_COOKIES
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if SECURE_COOKIES else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_COOKIES
SECURE_HSTS_PRELOAD = SECURE_COOKIES
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    },
}

# --- What leaves

# Hosts that may be called though they lie inside, and over plain HTTP; all others are public and TLS (core/outside.py).
OWN_MACHINE = ["localhost", "127.0.0.1", "::1"]
CX_OUTBOUND_ALLOW = environment.read_list("CX_OUTBOUND_ALLOW", default=[] if MODE is Mode.PRODUCTION else OWN_MACHINE)

# --- Files

STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("CX_STATIC_ROOT") or CX_DATA_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_STORAGE = (
    "django.contrib.staticfiles.storage.StaticFilesStorage" if IS_TEST else "cx_ops.style_sheets.StyleSheetStorage"
)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": STATIC_STORAGE},
}
WHITENOISE_AUTOREFRESH = IS_TEST
WHITENOISE_USE_FINDERS = IS_TEST
MEDIA_ROOT = CX_DATA_DIR / "uploads"
MEDIA_URL = ""  # uploads are never served by a path
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700

# --- E-mail

EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
EMAIL_PORT = environment.read_integer("EMAIL_PORT", default=587)
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = environment.read_flag("EMAIL_USE_TLS", default=EMAIL_PORT == 587)
EMAIL_USE_SSL = environment.read_flag("EMAIL_USE_SSL", default=EMAIL_PORT == 465)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("EMAIL_FROM", "cx-ops@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Without a mail server, messages stay here, to be read on the mailbox page.
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend" if EMAIL_HOST else "core.mail.MailboxBackend"

# --- API

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "intake.api.authentication.TokenAuthentication",
        "intake.api.authentication.BrowserAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["intake.api.authentication.Scoped"],
    "DEFAULT_THROTTLE_CLASSES": ["core.api.throttling.MinuteThrottle", "core.api.throttling.BacklogThrottle"],
    "DEFAULT_PAGINATION_CLASS": "core.api.pagination.Pages",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "core.api.openapi.Schema",
    "EXCEPTION_HANDLER": "core.api.problems.problem_handler",
    "COERCE_DECIMAL_TO_STRING": True,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
# A minute's requests of one token or person; how old the oldest waiting batch may be before writes get 503.
CX_API_REQUESTS_PER_MINUTE = environment.read_integer("CX_API_REQUESTS_PER_MINUTE", default=6000)
CX_BACKLOG_LIMIT_SECONDS = environment.read_integer("CX_BACKLOG_LIMIT_SECONDS", default=15 * 60)
# How many whole months events are kept beside the one that runs; older ones are dropped.
CX_EVENT_MONTHS = environment.read_integer("CX_EVENT_MONTHS", default=25)
# A file as sent, and as unpacked.
CX_IMPORT_MAX_BYTES = environment.read_integer("CX_IMPORT_MAX_BYTES", default=512 * 1024 * 1024)
CX_IMPORT_MAX_UNPACKED = environment.read_integer("CX_IMPORT_MAX_UNPACKED", default=2 * 1024 * 1024 * 1024)
SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.0",
    "TITLE": "CX Ops API",
    "DESCRIPTION": "Insights, accounts and events in; decisions, tasks and outcomes out.",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {"OutcomeKindEnum": "decisions.enums.OutcomeKind", "FileState": "intake.enums.ImportStatus"},
}

# --- Logs: one plain stream, ids only

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("CX_LOG_LEVEL", "INFO").upper()},
    # axes would log the names that were tried.
    "loggers": {"axes": {"level": "ERROR"}},
}


# --- Audit trail of changed rows: nobody rewrites it

# Once a row: a trigger once a statement joins all old rows with all new ones, by a plan that the connection keeps from
# its first, small statement, so that a later update of 4,000 rows took a minute and a half instead of two seconds.
PGHISTORY_LEVEL = Row
PGHISTORY_APPEND_ONLY = True
# The triggers are made from the models after every migrate, not by migrations: one source, and a quick first start.
PGTRIGGER_MIGRATIONS = False
PGTRIGGER_INSTALL_ON_MIGRATE = True
