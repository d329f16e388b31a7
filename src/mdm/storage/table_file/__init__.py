"""Rows of a table as a SQLite file of their own, made from Arrow columns.

SQLite copies the rows of such a file into the same table elsewhere without looking into them, and
those of its indexes as well: a tenth of what it costs to bind values row by row.
"""
