"""Signed roots: what every chain had come to at a moment, signed, each naming the one before."""

import json
from collections.abc import Callable

from mdm.domain.audit_chain import RootRow, root_body, root_hash
from mdm.storage.audit.chains import Chains


def sign_root(
    chains: Chains, *, at: str, key: str, sign: Callable[[bytes], bytes]
) -> RootRow | None:
    """Add a root over all heads; None where nothing was added since the last.

    Args:
        chains: The registry's chains.
        at: UTC ISO text.
        key: Public key, hex.
        sign: Signs with its private half.
    """

    def make(last: RootRow | None) -> RootRow | None:
        # Read inside the roots' lock: the heads of a later root are never older.
        heads = chains.heads()
        if last is None:
            number, previous, before = 1, "", {}
        else:
            number, previous = last.n + 1, root_hash(last.body)
            before = {name: tuple(head) for name, head in json.loads(last.body)["heads"].items()}
        if heads == before:
            return None
        body = root_body(number, at, heads, previous, key)
        return RootRow(number, body, sign(body.encode()).hex())

    return chains.add_root(make)
