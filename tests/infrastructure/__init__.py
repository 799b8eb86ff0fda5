"""Tests of packaging, the embedded database, settings and the command line."""
