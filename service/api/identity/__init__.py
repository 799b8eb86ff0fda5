"""Over HTTP: who may do what, signing in and out, accounts, grants."""
