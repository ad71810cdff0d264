"""`python -m optplan` and the command `optplan`."""

from __future__ import annotations

import gc
import os
import sys

FEW_COLLECTIONS = 200_000  # objects between two; a short run makes fewer, and nearly all of them stay


def main() -> None:
    """Run the command line; exits 0 with a plan, 1 without one, 2 on bad input."""
    gc.set_threshold(FEW_COLLECTIONS)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # else it searches all that is installed
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # no matrix is large enough for threads
    from optplan.cli import run

    code = run(sys.argv[1:])
    gc.freeze()  # else the end goes through all that was loaded, twice, to free what is freed with the process
    sys.exit(code)


if __name__ == "__main__":
    main()
