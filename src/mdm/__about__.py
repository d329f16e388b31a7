"""The version, read by the build and by `mdm --version`."""

__version__ = "0.1.0"
