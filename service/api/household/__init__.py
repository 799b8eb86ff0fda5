"""Household assets over HTTP."""
