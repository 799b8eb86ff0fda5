"""Tests of Taizhang; all of them on a real PostgreSQL."""
