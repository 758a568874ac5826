"""A fast generator of shower energies, and how far its showers are from the simulated ones.

The generator stands where ATLAS trains a generative adversarial network (FastCaloGAN): it learns the joint
distribution of the layer energies from simulated showers and then draws new ones in microseconds. Here it is a
mixture of Gaussians in transformed energies, which trains in a fraction of a second and has real hyperparameters.
"""

from __future__ import annotations

import importlib
import warnings
from typing import TYPE_CHECKING, Any, cast

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from askntell.space import Scalar

__all__ = ["chi2", "generate"]


def generate(
    training: NDArray[np.float64], params: Mapping[str, Scalar], count: int, *, seed: int
) -> NDArray[np.float64]:
    """Train a generator and draw showers from it.

    The energies are written in the chosen variables, transformed, standardised and rotated to principal axes; a
    Gaussian mixture is fitted by expectation maximisation; its draws go the same way back.

    Args:
        training: Simulated showers: energy in each layer divided by the true energy, shape (n, layers).
        params: A point of `askntell.demo.campaign.space`.
        count: Number of showers to draw.
        seed: Fixes the start of the fit and the draws: equal arguments give equal showers.

    Returns:
        Showers as in `training`, shape (count, layers).
    """
    variables = _to_variables(params["variables"], training.shape[1])
    preparation = _preparation(params, len(training))
    mixture = _sklearn("mixture").GaussianMixture(
        n_components=params["components"],
        covariance_type=params["covariance"],
        reg_covar=params["reg_covar"],
        init_params="k-means++",
        max_iter=50,
        random_state=seed,
    )
    # BLAS threads cost more than they save on such small matrices, and would make the last bits depend on the machine.
    with importlib.import_module("threadpoolctl").threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", _sklearn("exceptions").ConvergenceWarning)
        mixture.fit(preparation.fit_transform(training @ variables))
        drawn = preparation.inverse_transform(mixture.sample(count)[0])
    return np.asarray(drawn @ np.linalg.inv(variables))


def _preparation(params: Mapping[str, Scalar], count: int) -> Any:
    """Transformation, standardisation and principal axes as one invertible step."""
    preprocessing = _sklearn("preprocessing")
    steps = [preprocessing.StandardScaler(), _sklearn("decomposition").PCA(whiten=True, svd_solver="full")]
    if params["transform"] == "quantile":
        bins = min(1000, count)
        steps.insert(0, preprocessing.QuantileTransformer(n_quantiles=bins, output_distribution="normal"))
    elif params["transform"] == "asinh":
        # A logarithm for energies far above `scale` that stays linear below, where noise makes some negative.
        scale = cast("float", params["scale"])
        forth, back = (lambda x: np.arcsinh(x / scale)), (lambda y: np.sinh(y) * scale)
        steps.insert(0, preprocessing.FunctionTransformer(forth, back))
    return _sklearn("pipeline").make_pipeline(*steps)


def chi2(
    generated: NDArray[np.float64], reference: NDArray[np.float64], levels: NDArray[np.float64]
) -> tuple[float, int]:
    """Compare the histograms of the total energy and of every layer's energy.

    ATLAS keeps the training iteration of FastCaloGAN with the best chi2 of the total energies (ATL-SOFT-PUB-2020-006);
    the layer energies are added here, so that showers must be right inside too.

    Args:
        generated: Showers, shape (n, layers).
        reference: As many simulated showers, shape (n, layers), that were not used in training.
        levels: Ascending quantiles of the reference, in (0, 1): the inner bin edges. The outer bins are open.

    Returns:
        Sum over histograms and bins of (g - r)^2 / (g + r), and its number of degrees of freedom. Two samples of one
        distribution give about 1 for the ratio.
    """
    total = 0.0
    for g, r in zip(_observables(generated), _observables(reference), strict=True):
        edges = np.quantile(r, levels)
        counts = [np.bincount(np.searchsorted(edges, x), minlength=len(levels) + 1) for x in (g, r)]
        total += float(np.sum((counts[0] - counts[1]) ** 2 / (counts[0] + counts[1])))
    return total, len(levels) * (1 + reference.shape[1])


def _observables(showers: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    return [showers.sum(axis=1), *showers.T]


def _to_variables(variables: Scalar, layers: int) -> NDArray[np.float64]:
    """The matrix to the right of layer energies: itself, or with the total in place of the innermost layer."""
    matrix = np.eye(layers)
    if variables == "total":
        matrix[:, 0] = 1.0
    return matrix


def _sklearn(name: str) -> Any:
    return importlib.import_module(f"sklearn.{name}")
