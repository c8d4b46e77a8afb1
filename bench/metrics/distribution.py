"""Metrics of a set of results against their references, by features: FID, KID, P-IDS and U-IDS.

They say how far two sets of images lie apart, not how good one result is, so they are no
`Metric`: a value belongs to a set and changes with its size.
"""

from __future__ import annotations

import importlib.util
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inpaintbench.metrics.inception import Features, Inception

_Matrix = NDArray[np.float64]

_ROWS = 1024
"""Rows of a kernel matrix that are held at once."""


@dataclass(frozen=True)
class SetMetric:
    """What a metric of a set is called.

    Parameters
    ----------
    name : str
        Its key in what `measure` returns.
    label : str
        Short name for table heads.
    definition : str
        What the id says beside the features.
    higher_is_better : bool
    digits : int
        Decimals to be read.
    """

    name: str
    label: str
    definition: str
    higher_is_better: bool
    digits: int

    @property
    def arrow(self) -> str:
        """The direction to wish for."""
        return "↑" if self.higher_is_better else "↓"

    def id(self, network: Inception) -> str:
        """Name the whole definition: estimator, resizing, weights."""
        return f"{self.name}[{self.definition},{network.id}]"


SET_METRICS = (
    SetMetric("fid", "FID", "clean-fid", False, 2),
    SetMetric("kid", "KID", "clean-fid,unbiased,one-subset", False, 5),
    SetMetric("p-ids", "P-IDS", "linear-svc", True, 4),
    SetMetric("u-ids", "U-IDS", "linear-svc", True, 4),
)
"""The metrics of a set, in the order of tables."""


def measure(real: Features, fake: Features) -> dict[str, float]:
    """Measure results against their references.

    Parameters
    ----------
    real, fake : (N, F) array
        Features; row i of `fake` is the result for the reference in row i of `real`.

    Returns
    -------
    dict of str to float
        Name → value; NaN of fewer than two images, and where the library isn't installed
        (`discriminator_missing`).
    """
    if len(real) < 2:
        return {metric.name: math.nan for metric in SET_METRICS}
    paired, unpaired = math.nan, math.nan
    if not discriminator_missing():
        paired, unpaired = discriminative_scores(real, fake)
    return {
        "fid": frechet_distance(real, fake),
        "kid": kernel_distance(real, fake),
        "p-ids": paired,
        "u-ids": unpaired,
    }


def frechet_distance(real: Features, fake: Features) -> float:
    """Compute the Fréchet distance (Heusel et al. 2017) between normals fitted to the sets.

    ‖μ₁ − μ₂‖² + tr Σ₁ + tr Σ₂ − 2 tr (Σ₁Σ₂)^½ with the covariances over N − 1, as in clean-fid.
    With centred features A and B, Σ₁ = AᵀA and Σ₂ = BᵀB, tr (Σ₁Σ₂)^½ is the sum of the singular
    values of ABᵀ. A matrix square root would lose digits where Σ₁Σ₂ is singular, as it is with
    fewer images than features. Both sets, ``(N, F)`` and ``(M, F)``, have two rows at least.
    """
    first, second = np.asarray(real, np.float64), np.asarray(fake, np.float64)
    apart = first.mean(axis=0) - second.mean(axis=0)
    a, b = _root_of_covariance(first), _root_of_covariance(second)
    mixed = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    return float(apart @ apart + np.square(a).sum() + np.square(b).sum() - 2 * mixed)


def _root_of_covariance(features: _Matrix) -> _Matrix:
    """Return A with AᵀA the sample covariance, in no more rows than columns."""
    centred: _Matrix = (features - features.mean(axis=0)) / math.sqrt(len(features) - 1)
    if len(centred) <= centred.shape[1]:
        return centred
    reduced: _Matrix = np.asarray(np.linalg.qr(centred, mode="r"))
    return reduced


def kernel_distance(real: Features, fake: Features) -> float:
    """Compute the kernel distance (Bińkowski et al. 2018): squared MMD, unbiased.

    The kernel is (xᵀy / F + 1)³. All images make one subset, so nothing is drawn by chance:
    clean-fid's value where there are at most 1000, the size of its subsets. Both sets, ``(N, F)``
    and ``(M, F)``, have two rows at least.
    """
    first, second = np.asarray(real, np.float64), np.asarray(fake, np.float64)
    n, m = len(first), len(second)
    within = _kernel_sum(first, first) - _kernel(np.square(first).sum(axis=1), first).sum()
    other = _kernel_sum(second, second) - _kernel(np.square(second).sum(axis=1), second).sum()
    between = _kernel_sum(first, second)
    return float(within / (n * (n - 1)) + other / (m * (m - 1)) - 2 * between / (n * m))


def _kernel(products: _Matrix, features: _Matrix) -> _Matrix:
    kernel: _Matrix = (products / features.shape[1] + 1) ** 3
    return kernel


def _kernel_sum(first: _Matrix, second: _Matrix) -> float:
    return sum(
        float(_kernel(first[start : start + _ROWS] @ second.T, second).sum())
        for start in range(0, len(first), _ROWS)
    )


def discriminative_scores(real: Features, fake: Features) -> tuple[float, float]:
    """Compute P-IDS and U-IDS (Zhao et al. 2021, CoModGAN).

    A linear support vector machine (scikit-learn's ``LinearSVC(dual=False)``) is fitted to tell
    results from references, and asked about those that it was fitted to. P-IDS: the share of
    pairs in which the result seems more real than its reference, U-IDS: the share of images taken
    for the other kind. Row i of both belong together.
    """
    from sklearn.svm import LinearSVC

    images = np.concatenate([real, fake]).astype(np.float64)
    machine = LinearSVC(dual=False).fit(images, np.repeat([1, 0], [len(real), len(fake)]))
    of_real = machine.decision_function(images[: len(real)])
    of_fake = machine.decision_function(images[len(real) :])
    mistaken = np.concatenate([of_real <= 0, of_fake > 0])
    return float(np.mean(of_fake > of_real)), float(np.mean(mistaken))


def discriminator_missing() -> str:
    """Say why P-IDS and U-IDS can't be computed here and what to do, or nothing."""
    if importlib.util.find_spec("sklearn") is None:
        return "they need scikit-learn; run: pip install 'inpaintbench[distribution]'"
    return ""
