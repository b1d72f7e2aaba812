"""Whatever offers the operations to people: Python (`import reprieve`), the command line, pytest."""
