"""What colleagues call each other."""

from mdm.bootstrap import Application
from mdm.services.accounts import list_accounts


def display_names(application: Application) -> dict[str, str]:
    """Account -> the name that colleagues read."""
    with application.store.reading() as session:
        return {str(row["name"]): str(row["display_name"]) for row in list_accounts(session)}
