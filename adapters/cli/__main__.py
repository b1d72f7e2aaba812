"""`python -m reprieve.adapters.cli`: the command line where no script is installed."""

import sys

from .main import main

sys.exit(main())
