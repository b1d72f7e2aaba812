"""`python -P -m reprieve.adapters.cli`: the command line where no script is installed."""

from .main import script

script()
