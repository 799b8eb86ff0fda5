"""Commands: load, decide, append; who may do what, and by which county's rules."""
