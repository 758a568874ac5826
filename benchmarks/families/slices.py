"""One classifier on 52 slices of real data: the 45 pairs of handwritten digits, and parts of three other sets.

Only the data sets that scikit-learn ships. A segment's loss is the cross-validated log loss of a support vector
classifier with principal components in front; folds and preprocessing are computed once, an evaluation takes some ten
milliseconds.
"""

from __future__ import annotations

import functools
import importlib
import itertools
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from askntell import Categorical, Float, Int, SearchSpace, Segment
from askntell.space import Params
from families.instance import Array, Family, Instance
from families.searched import searched

__all__ = ["evaluate", "segments", "slices"]

FOLDS, STATE = 3, 7
COMPONENTS = 24  #: at most so many principal components
_CLIP = 3.0  #: of decision values: Platt's scaling would need folds of its own
_CANCER = {"mean": slice(0, 10), "error": slice(10, 20), "worst": slice(20, 30), "all": slice(0, 30)}
Split = tuple[Array, NDArray[np.bool_], Array, NDArray[np.bool_]]

SPACE = SearchSpace(
    {
        "kernel": Categorical(["rbf", "poly", "sigmoid", "linear"], default="rbf"),
        "C": Float(1e-3, 1e3, log=True, default=1.0),
        "gamma": Float(1e-5, 1.0, log=True, default=1e-2, when={"kernel": ["rbf", "poly", "sigmoid"]}),
        "degree": Int(2, 4, default=3, when={"kernel": "poly"}),
        "scaling": Categorical(["none", "standard", "ranks"], default="standard"),
        "components": Float(0.05, 1.0, default=1.0),
        "balance": Float(0.25, 4.0, log=True, default=1.0),
    }
)


def segments() -> tuple[Segment, ...]:
    """Names and what tells the slices apart: the set, and the two classes or the columns."""
    made = [("digits", str(a), str(b)) for a, b in itertools.combinations(range(10), 2)]
    made += [("wine", str(a), str(b)) for a, b in itertools.combinations(range(3), 2)]
    made += [("cancer", "columns", part) for part in _CANCER]
    return tuple(
        Segment(f"{name}-{first}-{second}", features={"set": name, "first": first, "second": second})
        for name, first, second in made
    )


def _rows(segment: Segment) -> tuple[Array, NDArray[np.bool_]]:
    datasets: Any = importlib.import_module("sklearn.datasets")
    kind, first, second = (str(segment.features[key]) for key in ("set", "first", "second"))
    data = datasets.load_breast_cancer() if kind == "cancer" else getattr(datasets, f"load_{kind}")()
    X, y = np.asarray(data.data, dtype=np.float64), np.asarray(data.target)
    if kind == "cancer":
        return X[:, _CANCER[second]], y == 1
    keep = (y == int(first)) | (y == int(second))
    return X[keep], y[keep] == int(second)


@functools.lru_cache(maxsize=512)
def _splits(name: str, scaling: str) -> list[Split]:
    """Principal components of the folds, the rotation and the scaling from the training part alone."""
    segment = next(s for s in segments() if s.name == name)
    preprocessing: Any = importlib.import_module("sklearn.preprocessing")
    selection: Any = importlib.import_module("sklearn.model_selection")
    X, y = _rows(segment)
    made = []
    for train, test in selection.StratifiedKFold(FOLDS, shuffle=True, random_state=STATE).split(X, y):
        a, b = X[train], X[test]
        if scaling == "standard":
            scaler = preprocessing.StandardScaler().fit(a)
            a, b = scaler.transform(a), scaler.transform(b)
        elif scaling == "ranks":
            scaler = preprocessing.QuantileTransformer(n_quantiles=64, output_distribution="uniform").fit(a)
            a, b = 2.0 * scaler.transform(a), 2.0 * scaler.transform(b)
        centre = a.mean(axis=0)
        axes = np.linalg.svd(a - centre, full_matrices=False)[2][:COMPONENTS].T
        made.append(((a - centre) @ axes, y[train], (b - centre) @ axes, y[test]))
    return made


def evaluate(segment: Segment, params: Params) -> float:
    """Cross-validated log loss of the classifier."""
    svm: Any = importlib.import_module("sklearn.svm")
    losses = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a search meets settings that do not converge
        for a, y, b, z in _splits(segment.name, str(params["scaling"])):
            count = max(1, round(float(params["components"]) * a.shape[1]))
            model = svm.SVC(
                kernel=params["kernel"],
                C=params["C"],
                gamma=params.get("gamma", 1.0),
                degree=params.get("degree", 3),
                class_weight={False: 1.0, True: params["balance"]},
                max_iter=1000,
            )
            scores = model.fit(a[:, :count], y).decision_function(b[:, :count])
            losses.append(_log_loss(np.clip(scores, -_CLIP, _CLIP), z))
    return float(np.mean(losses))


def _log_loss(scores: Array, truth: NDArray[np.bool_]) -> float:
    """Log loss of the chances 1 / (1 + exp(-2 score))."""
    return float(np.log1p(np.exp(np.where(truth, -2.0, 2.0) * scores)).mean())


def _instance(size: int, seed: int) -> Instance:
    made = segments()[:size]
    minima, units = searched("slices", [s.name for s in made])
    return Instance(
        family="slices",
        seed=seed,
        space=SPACE,
        segments=made,
        evaluate=lambda index, params: evaluate(made[index], params),
        minima=minima,
        units=units,
    )


def slices() -> Family:
    """The family; not used to design the method."""
    return Family(
        name="slices",
        make=_instance,
        sizes=(len(segments()),),
        real=True,
        related="real",
        trials=25,
        about="a support vector classifier on 45 pairs of digits and 7 parts of other real sets",
    )
