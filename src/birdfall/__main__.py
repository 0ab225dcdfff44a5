"""`python -m birdfall`: the command line."""

import sys

from birdfall.cli import main

sys.exit(main())
