"""Algorithms a county keeps its log with, by name: digests, signatures, and what the settings choose."""
