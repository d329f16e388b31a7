"""Outside formats to source records."""
