"""The composition root: settings in, application out."""

from mdm.bootstrap.application import Application, create_application, open_application

__all__ = ["Application", "create_application", "open_application"]
