"""Leaving office over HTTP: cases, clearances, certificates."""
