"""Webhooks over HTTP: endpoints, what was sent to them, and what is sent again."""
