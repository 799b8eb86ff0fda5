"""Procedures and public notices over HTTP."""
