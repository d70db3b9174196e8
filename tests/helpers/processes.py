"""Processes beside a test's own, each a copy of one that has imported what they need."""

import multiprocessing
from multiprocessing.context import ForkServerContext

NEEDED = ["pytest", "baleen.memo.ask", "baleen.engines.protocol"]


def process_context() -> ForkServerContext:
    """What starts processes that have nothing of this one's state; spawned ones would import all of it again."""
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(NEEDED)
    return found
