"""Reading the pages of a database that others are using."""
