"""Boards of supervision: inspections, violations, anomalies, scores, data quality, worklist."""
