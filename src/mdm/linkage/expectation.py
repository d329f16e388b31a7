"""Expectation maximisation over counted level patterns: exact, and the same on every run.

Fellegi and Sunter (1969) with the estimator of Winkler (1988), and a third class for relatives:
pairs are matches, relatives or unrelated; u and r are known, m and the shares are learned.
Works on counts of distinct patterns, so a million pairs cost as much as a thousand.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Learned:
    """What one session learned.

    Attributes:
        m: One array per comparison, strongest level first; None where never observed.
        share: Shares of matches, relatives and unrelated pairs.
        iterations: Steps until the largest change of a parameter fell under the tolerance.
    """

    m: list[Array | None]
    share: Array
    iterations: int


def learn_m(
    gammas: NDArray[np.int64],
    counts: Array,
    u: list[Array],
    r: list[Array],
    start_m: list[Array],
    *,
    tolerance: float = 1e-7,
    most_iterations: int = 400,
) -> Learned:
    """Learn m from pattern counts.

    Args:
        gammas: (patterns, comparisons); -1 where a side is missing, else the index of the level
            counted from the strongest (0).
        counts: Pairs with each pattern.
        u: Level probabilities among unrelated pairs, by comparison, strongest first.
        r: The same among relatives.
        start_m: Where to start among matches.
        tolerance: Largest change of any m at which the estimate stands.
        most_iterations: Upper bound of steps.
    """
    m = [values.copy() for values in start_m]
    share = np.array([0.5, 0.1, 0.4])
    fixed_u, fixed_r = _log_likelihood(gammas, u), _log_likelihood(gammas, r)
    steps = 0
    for steps in range(1, most_iterations + 1):  # noqa: B007 - told to the caller
        joint = np.stack([_log_likelihood(gammas, m), fixed_r, fixed_u], axis=1) + np.log(share)
        joint -= joint.max(axis=1, keepdims=True)
        posterior = np.exp(joint)
        posterior /= posterior.sum(axis=1, keepdims=True)
        weighted = posterior * counts[:, None]
        share = np.maximum(weighted.sum(axis=0) / counts.sum(), 1e-9)
        updated = [
            _level_shares(gammas[:, k], weighted[:, 0], values) for k, values in enumerate(m)
        ]
        change = max(float(np.abs(a - b).max()) for a, b in zip(m, updated, strict=True))
        m = updated
        if change < tolerance:
            break
    observed = [bool((gammas[:, k] >= 0).any()) for k in range(gammas.shape[1])]
    return Learned([v if seen else None for v, seen in zip(m, observed, strict=True)], share, steps)


def level_shares(column: NDArray[np.int64], weights: Array, levels: int, prior: float) -> Array:
    """Share of each level among non-missing pairs, with `prior` pairs spread over the levels."""
    seen = column >= 0
    counted = np.bincount(column[seen], weights=weights[seen], minlength=levels).astype(float)
    return np.asarray((counted + prior / levels) / (counted.sum() + prior))


def _level_shares(column: NDArray[np.int64], weights: Array, before: Array) -> Array:
    if not (column >= 0).any():
        return before
    return level_shares(column, weights, len(before), prior=1.0)


def _log_likelihood(gammas: NDArray[np.int64], probabilities: list[Array]) -> Array:
    total = np.zeros(len(gammas))
    for k, values in enumerate(probabilities):
        column = gammas[:, k]
        padded = np.append(np.log(values), 0.0)  # -1 reads the last: missing says nothing
        total += padded[column]
    return total
