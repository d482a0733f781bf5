"""Makes workers die on command: tests put a copy, as ``sitecustomize.py``, on the path of the processes they start.

An item that holds ``DEADLY`` kills its process as the kernel does when memory runs out; one that holds ``ONCE`` does so the
first time (the file named by ``FAZHI_TEST_ONCE`` remembers). Slow makes every item take ``FAZHI_TEST_SLOW`` seconds.
"""

import importlib.abc
import importlib.util
import os
import signal
import sys
import time

TARGET = "fazhi.batch.work"


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def once():
    try:
        os.close(os.open(os.environ["FAZHI_TEST_ONCE"], os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    die()


def patch(work):
    attempt = work.attempt

    def crash(item, *rest):
        time.sleep(float(os.environ.get("FAZHI_TEST_SLOW", "0")))
        if b"DEADLY" in item.raw:
            die()
        if b"ONCE" in item.raw:
            once()
        return attempt(item, *rest)

    work.attempt = crash


class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != TARGET:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        run = spec.loader.exec_module

        def exec_module(module):
            run(module)
            patch(module)

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, Finder())
