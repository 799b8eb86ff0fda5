"""Managed assets over HTTP."""
