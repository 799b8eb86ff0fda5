"""Webhooks: events of the log sent to systems outside, signed, in order, until they are taken."""
