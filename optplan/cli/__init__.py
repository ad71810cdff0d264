"""The command line. Commands only gather, call and print; what they print is made in `report`."""

from optplan.cli.app import run

__all__ = ["run"]
