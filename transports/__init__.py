"""Whatever carries jobs out: `offline` (a fake in virtual time) and `local` (the engine)."""
