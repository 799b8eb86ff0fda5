"""Questions to the ledgers, a file per subject: filters, rows and sums, without HTTP."""
