"""Funds over HTTP."""
