"""How one value is chosen among the records of a citizen."""
