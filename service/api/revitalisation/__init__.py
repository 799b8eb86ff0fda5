"""Revitalisation over HTTP."""
