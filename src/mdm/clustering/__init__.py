"""From scored pairs to clusters under constraints, and from clusters to citizens."""
