"""The DuckDB plane: a cache of standard records, set-wise clustering and golden records."""
