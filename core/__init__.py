"""Jobs as explicit state machines: no protocol, no disk. Start at lifecycle.py."""
