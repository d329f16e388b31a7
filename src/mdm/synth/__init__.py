"""The synthetic city with known truth."""
