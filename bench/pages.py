"""B5: a CSM's queue and its partial over HTTP, when ever more tasks are open."""


def run(*args):
    pass
