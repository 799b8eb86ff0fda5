"""Inventory (清产核资): batches of old stock, and stocktakes of what there is."""
