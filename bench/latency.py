"""B4: from the POST of an urgent insight until the assignee's queue shows its task, with traffic around."""


def run(*args):
    pass
