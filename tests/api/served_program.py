"""The program of `tests.api.process`. Processes that the service forks import their parent's program: this one is light,
as the one that is delivered is.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from tests.api.process import main

    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "{}")
