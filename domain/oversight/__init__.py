"""Supervision (监督检查): inspections with their findings, violations with who answers for them."""
