"""The only package that speaks SQLModel."""
