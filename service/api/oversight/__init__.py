"""Supervision over HTTP."""
