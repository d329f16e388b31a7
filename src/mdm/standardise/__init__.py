"""Raw text to comparable values: pure functions, one definition of each value."""
