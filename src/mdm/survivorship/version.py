"""What golden records follow from besides the records: rules, policy and sources."""

import hashlib
from collections.abc import Sequence

from mdm.survivorship.policy import Policy

SURVIVORSHIP_VERSION = 2
"""Counts changes of the rules themselves.

2: an address is confirmed by street and number (ADR 0052).
"""


def golden_rules(policy: Policy, sources: Sequence[tuple[str, int, list[str]]]) -> str:
    """Hash of it all: by another one every golden record is to be built anew.

    Args:
        policy: The survivorship policy.
        sources: Name, trust and authoritative groups of each source.
    """
    standing = sorted((name, trust, sorted(groups)) for name, trust, groups in sources)
    text = f"{SURVIVORSHIP_VERSION} {policy.digest} {standing}"
    return hashlib.sha256(text.encode()).hexdigest()
