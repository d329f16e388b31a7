"""The mdm command."""
