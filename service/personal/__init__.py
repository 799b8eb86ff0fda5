"""Personal data kept sealed: the keys of each person, sealing, masks, look-up, restriction and forgetting (D11)."""
