"""Old stock from spreadsheets: read, judged row by row, registered as an inventory batch."""
