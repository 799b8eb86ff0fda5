"""The process that began this one: whoever works for it beside it ends with it, however it ends."""

from __future__ import annotations

import os
import threading
from multiprocessing import parent_process


def end_with_parent() -> None:
    """End this process as soon as its parent is gone; for the start of a process of a pool.

    A killed parent closes nothing: without this its workers wait for their next task for ever.
    """
    threading.Thread(target=_wait, daemon=True, name="parent").start()


def _wait() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
