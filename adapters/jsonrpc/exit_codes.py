"""With which code a bridge ends; they are its own, not the command line's."""

CLEAN = 0
"""As agreed; or its client has gone, or it was told to end."""

NOT_SHUT_DOWN = 1
"""`exit` came without `shutdown`."""

FRAMING = 3
"""What came is no frame. (2 is a command line that is wrong.)"""

CANNOT_OPEN = 4
"""The target cannot be opened."""
