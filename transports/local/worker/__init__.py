"""The child process that opens the user's database, and how its parent speaks with it."""
