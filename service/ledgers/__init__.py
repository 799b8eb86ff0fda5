"""The ledgers kept: live projector, rebuild, past moments."""
