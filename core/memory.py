"""How the processes of the product collect garbage."""

import gc


def expect_batches() -> None:
    """Collect seldom, and never what the application is made of; for a process that has loaded all of it.

    A batch makes ten thousand short-lived objects: walking the whole application for each few hundred of them took a
    quarter of its time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(250_000, 20, 20)
