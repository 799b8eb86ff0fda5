"""Joint reviews and seals over HTTP."""
