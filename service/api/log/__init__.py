"""The log over HTTP: events, checkpoints, audit packs."""
