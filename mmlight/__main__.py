"""Runs the command line as `python -m mmlight`."""

import sys

from mmlight.cli import main

sys.exit(main())
