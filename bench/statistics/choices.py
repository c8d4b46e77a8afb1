"""Strengths of methods from votes between two of them: Bradley and Terry's model with ties."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from inpaintbench.errors import BenchError
from inpaintbench.statistics.bootstrap import Codes, Floats
from inpaintbench.statistics.crossed import Crossed, jackknife, pair_codes

_LARGEST = 15.0
"""Logits beyond which a strength counts as infinite: three million to one."""


@dataclass(frozen=True, eq=False)
class Choices:
    """Votes, one a row.

    Parameters
    ----------
    first, second : (n,) arrays of int
        The methods shown, numbered from 0; never the same.
    outcome : (n,) array of int
        1 where the first was chosen, -1 where the second, 0 for "can't say".
    rater, image : (n,) arrays of int
        Who voted, on which image, numbered from 0.
    """

    first: Codes
    second: Codes
    outcome: Codes
    rater: Codes
    image: Codes

    def __len__(self) -> int:
        return len(self.outcome)

    def counts(
        self, methods: int, clusters: Codes | None = None, weights: Floats | None = None
    ) -> Floats:
        """Count the votes by pair and outcome: (p, 3), or (g, p, 3) for each of g clusters.

        Pairs as `numpy.triu_indices` has them; outcomes: its first, can't say, its second. Votes
        may have weights, (n,).
        """
        pairs = methods * (methods - 1) // 2
        number = np.zeros((methods, methods), np.int64)
        number[np.triu_indices(methods, 1)] = np.arange(pairs)
        swapped = self.first > self.second
        low, high = np.minimum(self.first, self.second), np.maximum(self.first, self.second)
        place = 3 * number[low, high] + 1 - np.where(swapped, -self.outcome, self.outcome)
        groups = np.zeros_like(place) if clusters is None else clusters
        size = int(groups.max(initial=0)) + 1
        counted = np.bincount(groups * 3 * pairs + place, weights, size * 3 * pairs)
        table: Floats = counted.reshape(size, pairs, 3).astype(np.float64)
        return table[0] if clusters is None else table


@dataclass(frozen=True, eq=False)
class Model:
    """Davidson's model (1970): P(i) : tie : P(j) = e^si : ν e^((si + sj)/2) : e^sj.

    Without ties it is Bradley and Terry's.

    Parameters
    ----------
    strengths : (m,) array
        Logits with mean 0.
    ties : float
        ν; methods of equal strength are tied in ν / (2 + ν) of votes.
    finite : bool
        Whether the likelihood has a finite maximum. If not, as where a method lost every vote,
        half a vote each way is added to every pair that was compared.
    information : (k, k) array
        Fisher's, of the parameters: k = m - 1 contrasts of the strengths, and log ν if there are
        ties.
    scores : (p, 3, k) array
        Derivative of the log likelihood by the parameters, for a vote on a pair.
    of_pair : (p, k, k) array
        Information of a vote on a pair.
    """

    strengths: Floats
    ties: float
    finite: bool
    information: Floats
    scores: Floats
    of_pair: Floats


def davidson(counts: Floats, methods: int) -> Model:
    """Fit the model to votes by maximum likelihood, with Newton's method.

    Parameters
    ----------
    counts : (p, 3) array
        As `Choices.counts` gives them; may be fractions.
    methods : int
        m, at least 2.

    Raises
    ------
    BenchError
        When no vote prefers anything, or the votes don't connect all methods.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    first, second = np.triu_indices(methods, 1)
    compared = counts.sum(axis=1) > 0
    edges = (first[compared], second[compared])
    graph = coo_array((np.ones(compared.sum()), edges), shape=(methods, methods))
    if connected_components(graph)[0] > 1:
        raise BenchError("the votes don't connect all methods: collect votes on the other pairs")
    if not counts[:, [0, 2]].any():
        raise BenchError("no vote prefers one result to the other")
    found = _maximise(counts, methods) or _maximise(
        counts + np.outer(compared, [0.5, 0, 0.5]), methods, finite=False
    )
    if found is None:
        raise BenchError("the strengths can't be fitted to these votes: collect more")
    return found


def _maximise(counts: Floats, methods: int, *, finite: bool = True) -> Model | None:
    """Climb to the maximum of the likelihood; None where it is infinitely far."""
    features, basis = _features(methods, ties=bool(counts[:, 1].any()))
    parameters = np.zeros(features.shape[2])
    votes = counts.sum(axis=1)
    best = -np.inf
    step = np.zeros_like(parameters)
    for _ in range(200):
        logits = features @ (parameters + step)
        if not counts[:, 1].any():
            logits[:, 1] = -np.inf
        top = logits.max(axis=1, keepdims=True)
        logs = logits - top - np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
        height = float((counts * np.where(counts > 0, logs, 0)).sum())
        if height < best - 1e-9:
            step /= 2
            continue
        parameters, best = parameters + step, height
        p = np.exp(logs)
        scores = features - np.einsum("pc,pck->pk", p, features)[:, None]
        of_pair = np.einsum("pc,pck,pcl->pkl", p, scores, scores)
        information = np.tensordot(votes, of_pair, 1)
        if np.abs(parameters).max() > _LARGEST:
            break
        step = np.linalg.solve(information, np.tensordot(counts, scores, 2))
        if np.abs(step).max() < 1e-10:
            ties = float(np.exp(parameters[-1])) if counts[:, 1].any() else 0.0
            strengths = basis @ parameters[: methods - 1]
            return Model(strengths, ties, finite, information, scores, of_pair)
    return None


@cache
def _features(methods: int, *, ties: bool) -> tuple[Floats, Floats]:
    """Make logits of outcomes from parameters, (p, 3, k), and strengths from contrasts."""
    from scipy.linalg import helmert

    basis: Floats = helmert(methods).T
    first, second = np.triu_indices(methods, 1)
    half = (basis[first] - basis[second]) / 2
    features = np.zeros((len(first), 3, methods - 1 + ties))
    features[:, 0, : methods - 1], features[:, 2, : methods - 1] = half, -half
    if ties:
        features[:, 1, -1] = 1
    return features, basis


def strengths(choices: Choices, methods: int) -> tuple[Model, Crossed]:
    """Fit the model, and say how sure the strengths are, clustered by rater and by image.

    Each cluster is left out in turn, with one step of Newton's method from the whole fit. Where no
    vote prefers a result, strengths are 0 and how sure they are is unknown: covariances are NaN.

    Raises
    ------
    BenchError
        As `davidson`.
    """
    counts = choices.counts(methods)
    raters, images = len(np.unique(choices.rater)), len(np.unique(choices.image))
    if not choices.outcome.any():
        half = np.outer(counts.any(axis=1), [0.5, 0, 0.5])
        equal, unknown = np.zeros(methods), np.full((methods, methods), np.nan)
        model = replace(davidson(counts + half, methods), strengths=equal, finite=False)
        return model, Crossed(equal, unknown, unknown, unknown, raters, images)
    model = davidson(counts, methods)
    basis = np.zeros((methods, len(model.information)))
    basis[:, : methods - 1] = _features(methods, ties=False)[1]
    # a cluster may be all that is known of a method
    information = model.information + 1e-9 * np.trace(model.information) * np.eye(len(basis.T))

    def without(clusters: Codes) -> Floats:
        """Covariance by leaving out one cluster after the other."""
        counts = choices.counts(methods, clusters)
        left = information - np.tensordot(counts.sum(axis=2), model.of_pair, 1)
        changes = np.linalg.solve(left, np.tensordot(counts, model.scores, 2)[..., None])
        return jackknife(changes[..., 0] @ basis.T)

    cells = choices.counts(methods, pair_codes(choices.rater, choices.image))
    both = np.tensordot(cells, model.scores, 2) @ np.linalg.solve(information, basis.T)
    return model, Crossed(
        values=model.strengths,
        by_rater=without(choices.rater),
        by_image=without(choices.image),
        by_both=both.T @ both,
        raters=raters,
        images=images,
    )


@dataclass(frozen=True)
class Unanimity:
    """How far raters agree on the same pair of results; NaN where no two voted on one.

    Parameters
    ----------
    alpha : float
        Krippendorff's α (2011) with the squared distance between -1, 0 and 1, as if every pair was
        shown on either side: 1 is agreement, 0 chance.
    share : float
        Of two votes on a pair that both prefer a result, how often it is the same one.
    """

    alpha: float
    share: float


def unanimity(outcome: Codes, pair: Codes) -> Unanimity:
    """Compare votes on the same pairs: -1, 0 or 1, all turned to the same sides, (n,) each."""
    _, unit = np.unique(pair, return_inverse=True)
    counts = np.bincount(3 * unit + outcome + 1, minlength=3 * (int(unit.max()) + 1)).reshape(-1, 3)
    counts = counts[counts.sum(axis=1) > 1].astype(np.float64)
    votes, sums = counts.sum(axis=1), counts[:, 2] - counts[:, 0]
    squares = counts[:, 0] + counts[:, 2]
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = (2 * (votes * squares - sums**2) / (votes - 1)).sum() / votes.sum()
        expected = 4 * squares.sum() / (2 * votes.sum() - 1)
        same = (counts[:, [0, 2]] * (counts[:, [0, 2]] - 1)).sum()
        share = same / (squares * (squares - 1)).sum()
        return Unanimity(float(1 - observed / expected), float(share))
