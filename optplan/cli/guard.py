"""The one place where what goes wrong in a command becomes a message and an exit code."""

from __future__ import annotations

import errno
import functools
import os
import sys
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

import typer

from optplan.errors import BadInput

NO_PLAN: Final = 1  # exit codes; 0 is a plan
BAD_INPUT: Final = 2
BROKEN: Final = 70  # a fault of optplan's own, as sysexits.h has it
UNWRITTEN: Final = 74  # the output could not be written, as sysexits.h has it
INTERRUPTED: Final = 130  # 128 + SIGINT, as shells have it
_FULL: Final = (errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EDQUOT)  # a device's fault, not the program's
TRACEBACK: Final = "OPTPLAN_TRACEBACK"  # when set in the environment, faults of optplan's own show where

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def guarded(command: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """A command that ends in a message instead of a traceback, whatever happens."""

    @functools.wraps(command)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        try:
            return command(*args, **kwargs)
        except BadInput as error:
            complain(error)
            raise typer.Exit(BAD_INPUT) from None
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None
        except typer.Exit:
            raise
        except BrokenPipeError:  # here, as click would end with 1
            drop_output()
            raise typer.Exit(0) from None
        except Exception as error:
            if isinstance(error, OSError) and error.errno in _FULL:
                raise typer.Exit(unwritten(error)) from None
            if os.environ.get(TRACEBACK):
                raise
            print(f"optplan itself failed: {type(error).__name__}: {error}", file=sys.stderr)
            print(f"please report this, with what it prints when {TRACEBACK}=1 is set", file=sys.stderr)
            raise typer.Exit(BROKEN) from None

    return run


def drop_output() -> None:
    """What is still to be written to standard output goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def unwritten(error: OSError) -> int:
    """Say that the output could not be written; the exit code."""
    drop_output()
    print(f"the output cannot be written: {error.strerror or error}", file=sys.stderr)
    return UNWRITTEN


def complain(error: BadInput) -> None:
    """All faults on stderr, a paragraph each."""
    print("\n\n".join(str(fault) for fault in error.faults), file=sys.stderr)
    if len(error.faults) > 1:
        print(f"\n{len(error.faults)} faults; nothing was solved", file=sys.stderr)
