"""`./cx serve`: the product for real use, behind a proxy that ends TLS."""

from collections.abc import Sequence

from cx_ops.launch import application, services
from cx_ops.launch.commands import options
from cx_ops.launch.errors import say


def run(argv: Sequence[str]) -> int:
    parser = options.parser("serve", "Start web, worker and beat; DATABASE_URL and REDIS_URL are used when set.")
    options.add_directory(parser, options.SERVE_DIRECTORY)
    options.add_address(parser)
    chosen = parser.parse_args(argv)
    port = application.choose_port(chosen.host, chosen.port)
    instance = options.instance(chosen)
    instance.mark_production()
    with services.owned(instance) as ready:
        environ = application.production_environment(ready)
        application.migrate(ready, environ)
        application.collect_static(ready.instance, environ)
        say("Starting web, worker and beat ...")
        with application.running(ready, environ, host=chosen.host, port=port) as supervisor:
            say(f"CX Ops is ready on http://{chosen.host}:{port} for a proxy that ends TLS")
            supervisor.watch()
