"""Tests of checkpoints, the audit trail, the pack and its verifier."""
