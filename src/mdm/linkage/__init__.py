"""The only package that speaks Splink."""
