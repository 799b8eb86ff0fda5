"""Inventory over HTTP: imports and stocktakes."""
