"""Computes the tables of cross-validated losses: one core, about ten minutes in all.

    python benchmarks/problems/make_tables.py [NAME ...]

Needs scikit-learn. Writes ``tables/<name>.npz`` (arrays of float32, no pickle). The folds and all random states are
fixed; another version of scikit-learn may give other last digits, so the tables are committed.
"""

from __future__ import annotations

import itertools
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent)]

import numpy as np  # noqa: E402 -- after the path
from sklearn import datasets, ensemble, linear_model, metrics, naive_bayes, neighbors, neural_network, svm  # noqa: E402 -- after the path
from sklearn import tree as trees  # noqa: E402 -- after the path
from sklearn.decomposition import PCA  # noqa: E402 -- after the path
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis  # noqa: E402 -- after the path
from sklearn.model_selection import KFold, StratifiedKFold  # noqa: E402 -- after the path
from sklearn.preprocessing import PolynomialFeatures, QuantileTransformer, RobustScaler, StandardScaler  # noqa: E402 -- after the path

from problems.hpo import CONDITIONAL, OBJECTIVES, SPACES  # noqa: E402 -- after the path
from problems.tables import TABLES, branch_axes  # noqa: E402 -- after the path

Split = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
STATE = 7
SCALERS: dict[str, Callable[[], Any]] = {
    "standard": StandardScaler,
    "robust": RobustScaler,
    "quantile": lambda: QuantileTransformer(n_quantiles=100, output_distribution="normal"),
}


def folds(name: str, count: int, rows: int | None = None, scaling: str = "none") -> list[Split]:
    """Training and test parts of a bundled data set, scaled on the training part alone."""
    data = getattr(datasets, f"load_{name}")()
    X, y = data.data, data.target
    if rows is not None:
        keep = np.random.RandomState(STATE).permutation(len(X))[:rows]
        X, y = X[keep], y[keep]
    kind = KFold if name == "diabetes" else StratifiedKFold
    made = []
    for train, test in kind(count, shuffle=True, random_state=STATE).split(X, y):
        a, b = X[train], X[test]
        if scaling != "none":
            scaler = SCALERS[scaling]().fit(a)
            a, b = scaler.transform(a), scaler.transform(b)
        made.append((a, y[train], b, y[test]))
    return made


def log_loss(y: np.ndarray, p: np.ndarray) -> float:
    """Log loss with probabilities kept off 0 and 1."""
    p = np.clip(p, 1e-3, None)
    p = p / p.sum(axis=1, keepdims=True)
    return float(-np.log(p[np.arange(len(y)), y]).mean())


def error(y: np.ndarray, guess: np.ndarray) -> float:
    return float((y != guess).mean())


def rmse(y: np.ndarray, guess: np.ndarray) -> float:
    return float(np.sqrt(metrics.mean_squared_error(y, guess)))


def grid(space: Any, names: list[str]) -> Iterator[tuple[tuple[int, ...], dict[str, Any]]]:
    """All cells of these axes with their values."""
    parameters = [space.parameters[name] for name in names]
    for cells in itertools.product(*(range(p.levels) for p in parameters)):
        yield cells, {name: p.pick(c) for name, p, c in zip(names, parameters, cells, strict=True)}


def empty(space: Any, names: list[str]) -> np.ndarray:
    return np.full([space.parameters[name].levels for name in names], np.nan)


def fill(space: Any, names: list[str], value: Callable[[dict[str, Any]], float]) -> np.ndarray:
    """A table by one call for each cell."""
    found = empty(space, names)
    for cells, params in grid(space, names):
        found[cells] = value(params)
    return found


def fill_staged(
    space: Any, names: list[str], staged: str, curve: Callable[[dict[str, Any], list[int]], Any]
) -> np.ndarray:
    """A table in which one call gives the whole axis `staged` (trees, epochs)."""
    found = empty(space, names)
    axis = names.index(staged)
    stages = [space.parameters[staged].pick(k) for k in range(space.parameters[staged].levels)]
    rest = [name for name in names if name != staged]
    for cells, params in grid(space, rest):
        found[(*cells[:axis], slice(None), *cells[axis:])] = curve(params, stages)
    return found


def svc_cancer(space: Any) -> dict[str, np.ndarray]:
    data = {scaling: folds("breast_cancer", 3, None, scaling) for scaling in ("robust", "standard")}

    def value(p: dict[str, Any]) -> float:
        losses = []
        for a, y, b, z in data[p["scaling"]]:
            model = svm.SVC(C=10 ** p["log10_C"], gamma=10 ** p["log10_gamma"], kernel=p["kernel"], max_iter=3000)
            scores = np.clip(model.fit(a, y).decision_function(b), -3, 3)  # Platt's scaling would need folds of its own
            chance = 1 / (1 + np.exp(-2 * scores))
            losses.append(log_loss(z, np.stack([1 - chance, chance], axis=1)))
        return float(np.mean(losses))

    return {"all.loss": fill(space, list(space.parameters), value)}


def tree_cancer(space: Any) -> dict[str, np.ndarray]:
    data = folds("breast_cancer", 4)

    def value(p: dict[str, Any]) -> float:
        losses = []
        for a, y, b, z in data:
            model = trees.DecisionTreeClassifier(
                **{k: v for k, v in p.items() if k != "class_weight"},
                class_weight=None if p["class_weight"] == "none" else "balanced",
                random_state=STATE,
            )
            losses.append(float(np.mean((model.fit(a, y).predict_proba(b)[:, 1] - z) ** 2)))
        return float(np.mean(losses))

    return {"all.loss": fill(space, list(space.parameters), value)}


def elastic_diabetes(space: Any) -> dict[str, np.ndarray]:
    data: dict[Any, list[Split]] = {}
    for scaling, degree, cross in itertools.product(("standard", "robust", "quantile"), (1, 2), ("all", "cross")):
        made = []
        for a, y, b, z in folds("diabetes", 4, None, scaling):
            more = PolynomialFeatures(degree, interaction_only=cross == "cross", include_bias=False).fit(a)
            scale = StandardScaler().fit(more.transform(a))
            made.append((scale.transform(more.transform(a)), y, scale.transform(more.transform(b)), z))
        data[scaling, degree, cross] = made

    def value(p: dict[str, Any]) -> float:
        losses = []
        for a, y, b, z in data[p["scaling"], p["degree"], p["interactions"]]:
            model = linear_model.ElasticNet(alpha=10 ** p["log10_alpha"], l1_ratio=p["l1_ratio"], max_iter=300)
            losses.append(rmse(z, model.fit(a, y).predict(b)))
        return float(np.mean(losses))

    return {"all.loss": fill(space, list(space.parameters), value)}


def boosting_diabetes(space: Any) -> dict[str, np.ndarray]:
    data = folds("diabetes", 3)

    def curve(p: dict[str, Any], stages: list[int]) -> Any:
        losses = []
        for a, y, b, z in data:
            model = ensemble.GradientBoostingRegressor(
                learning_rate=10 ** p["log10_rate"],
                n_estimators=stages[-1],
                max_depth=p["max_depth"],
                subsample=p["subsample"],
                min_samples_leaf=p["min_samples_leaf"],
                random_state=STATE,
            ).fit(a, y)
            steps = [rmse(z, guess) for guess in model.staged_predict(b)]
            losses.append([steps[n - 1] for n in stages])
        return np.mean(losses, axis=0)

    return {"all.loss": fill_staged(space, list(space.parameters), "trees", curve)}


def knn_wine(space: Any) -> dict[str, np.ndarray]:
    data = {}
    for scaling, components in itertools.product(("standard", "robust"), range(1, 14)):
        made = []
        for a, y, b, z in folds("wine", 5, None, scaling):
            pca = PCA(components, random_state=STATE).fit(a)
            made.append((pca.transform(a), y, pca.transform(b), z))
        data[scaling, components] = made

    def value(p: dict[str, Any]) -> float:
        losses = []
        for a, y, b, z in data[p["scaling"], p["components"]]:
            model = neighbors.KNeighborsClassifier(
                p["neighbours"], weights=p["weights"], p=p["power"], algorithm="brute"
            )
            losses.append(log_loss(z, model.fit(a, y).predict_proba(b)))
        return float(np.mean(losses))

    return {"all.loss": fill(space, list(space.parameters), value)}


def forest_curve(
    data: list[Split], kind: Any, settings: dict[str, Any], stages: list[int], loss: Any
) -> tuple[Any, Any]:
    """Mean loss and number of nodes of the first 5, 10, ... trees of a forest."""
    losses, nodes = [], []
    for a, y, b, z in data:
        model = kind(n_estimators=stages[-1], random_state=STATE, **settings).fit(a, y)
        votes = np.cumsum([t.predict_proba(b) for t in model.estimators_], axis=0)
        sizes = np.cumsum([t.tree_.node_count for t in model.estimators_])
        losses.append([loss(z, votes[n - 1] / n) for n in stages])
        nodes.append([sizes[n - 1] for n in stages])
    return np.mean(losses, axis=0), np.mean(nodes, axis=0)


def forest_digits(space: Any) -> dict[str, np.ndarray]:
    data = folds("digits", 3, 600)

    def curve(p: dict[str, Any], stages: list[int]) -> Any:
        return forest_curve(data, ensemble.RandomForestClassifier, p, stages, log_loss)[0]

    return {"all.loss": fill_staged(space, list(space.parameters), "trees", curve)}


def network_cancer(space: Any) -> dict[str, np.ndarray]:
    data = folds("breast_cancer", 3, None, "standard")

    def curve(p: dict[str, Any], stages: list[int]) -> Any:
        losses = []
        for a, y, b, z in data:
            model = neural_network.MLPClassifier(
                (p["width"],),
                activation=p["activation"],
                alpha=10 ** p["log10_alpha"],
                learning_rate_init=10 ** p["log10_rate"],
                batch_size=64,
                random_state=STATE,
            )
            steps = []
            for _ in range(stages[-1]):
                model.partial_fit(a, y, classes=[0, 1])
                steps.append(log_loss(z, model.predict_proba(b)))
            losses.append([steps[n - 1] for n in stages])
        return np.mean(losses, axis=0)

    return {"all.loss": fill_staged(space, list(space.parameters), "epochs", curve)}


def svr_diabetes(space: Any) -> dict[str, np.ndarray]:
    data = folds("diabetes", 3, None, "standard")

    def value(p: dict[str, Any]) -> float:
        losses = []
        for a, y, b, z in data:
            model = svm.SVR(
                C=10 ** p["log10_C"],
                gamma=10 ** p["log10_gamma"],
                epsilon=p["epsilon"],
                kernel=p["kernel"],
                max_iter=2000,
            )
            losses.append(min(rmse(z, model.fit(a, y).predict(b)), 1e3))
        return float(np.mean(losses))

    return {"all.loss": fill(space, list(space.parameters), value)}


def classifier_wine(space: Any) -> dict[str, np.ndarray]:
    data = folds("wine", 5, None, "standard")

    def made(branch: str, p: dict[str, Any]) -> Any:
        if branch == "neighbours":
            return neighbors.KNeighborsClassifier(p["k"], weights=p["weights"], p=p["power"], algorithm="brute")
        if branch == "tree":
            return trees.DecisionTreeClassifier(**p, random_state=STATE)
        return linear_model.LogisticRegression(
            C=10 ** p["log10_strength"], l1_ratio=p["l1_ratio"], solver="saga", max_iter=100, random_state=STATE
        )

    def svc_scores(model: Any, b: np.ndarray) -> np.ndarray:
        scores = model.decision_function(b)  # Platt's scaling would need a cross-validation of its own
        scores = np.exp(2 * (scores - scores.max(axis=1, keepdims=True)))
        return scores / scores.sum(axis=1, keepdims=True)

    tables: dict[str, np.ndarray] = {}
    memo: dict[Any, float] = {}

    def value(branch: str, p: dict[str, Any]) -> float:
        if branch == "svc":
            extra = {"gamma": 10 ** p["log10_gamma"]} if p["kernel"] == "rbf" else {"degree": p["degree"]}
            key = (p["log10_C"], p["kernel"], *extra.values())
            if key not in memo:
                losses = []
                for a, y, b, z in data:
                    model = svm.SVC(C=10 ** p["log10_C"], kernel=p["kernel"], **extra).fit(a, y)
                    losses.append(log_loss(z, svc_scores(model, b)))
                memo[key] = float(np.mean(losses))
            return memo[key]
        return float(np.mean([log_loss(z, made(branch, p).fit(a, y).predict_proba(b)) for a, y, b, z in data]))

    for branch, names in branch_axes(space, "model").items():
        tables[f"{branch}.loss"] = fill(space, names, lambda p, branch=branch: value(branch, p))
    return tables


def classifier_digits(space: Any) -> dict[str, np.ndarray]:
    data = folds("digits", 3, 600)

    def vote_error(y: np.ndarray, p: np.ndarray) -> float:
        return error(y, p.argmax(axis=1))

    memo: dict[Any, float] = {}

    def value(branch: str, p: dict[str, Any]) -> float:
        model: Any
        if branch == "neighbours":
            model = neighbors.KNeighborsClassifier(p["k"], weights=p["weights"], p=p["power"], algorithm="brute")
            key: Any = tuple(p.values())
        elif branch == "bayes":
            model, key = naive_bayes.GaussianNB(var_smoothing=10 ** p["log10_smoothing"]), p["log10_smoothing"]
        elif branch == "extra":
            model = trees.ExtraTreeClassifier(
                min_samples_leaf=p["leaf"], max_features=p["max_features"], random_state=STATE
            )
            key = (p["leaf"], p["max_features"])
        elif p["penalty"] == "ridge":
            model, key = linear_model.RidgeClassifier(10 ** p["log10_alpha"]), ("r", p["log10_alpha"])
        else:
            model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=p["shrinkage"])
            key = ("d", p["shrinkage"])
        if (branch, key) not in memo:
            memo[branch, key] = float(np.mean([error(z, model.fit(a, y).predict(b)) for a, y, b, z in data]))
        return memo[branch, key]

    def forest(p: dict[str, Any], stages: list[int]) -> Any:
        settings = {"max_depth": p["depth"], "max_features": p["features"]}
        return forest_curve(data, ensemble.RandomForestClassifier, settings, stages, vote_error)[0]

    tables: dict[str, np.ndarray] = {}
    for branch, names in branch_axes(space, "model").items():
        if branch == "forest":
            tables["forest.loss"] = fill_staged(space, names, "trees", forest)
        else:
            tables[f"{branch}.loss"] = fill(space, names, lambda p, branch=branch: value(branch, p))
    return tables


def size_error_digits(space: Any) -> dict[str, np.ndarray]:
    data = folds("digits", 3, 600)
    found: dict[str, np.ndarray] = {}
    memo: dict[Any, Any] = {}

    def curve(index: int) -> Any:
        def one(p: dict[str, Any], stages: list[int]) -> Any:
            key = tuple(p.values())
            if key not in memo:
                loss, nodes = forest_curve(
                    data, ensemble.ExtraTreesClassifier, p, stages, lambda y, v: error(y, v.argmax(axis=1))
                )
                memo[key] = (loss, np.log10(nodes))
            return memo[key][index]

        return one

    names = list(space.parameters)
    for index, measure in enumerate(("error", "log10_nodes")):
        found[f"all.{measure}"] = fill_staged(space, names, "trees", curve(index))
    return found


def cost_error_cancer(space: Any) -> dict[str, np.ndarray]:
    data = folds("breast_cancer", 3)
    memo: dict[Any, Any] = {}

    def curve(index: int) -> Any:
        def one(p: dict[str, Any], stages: list[int]) -> Any:
            key = tuple(p.values())
            if key not in memo:
                losses, nodes = [], []
                for a, y, b, z in data:
                    model = ensemble.GradientBoostingClassifier(
                        learning_rate=10 ** p["log10_rate"],
                        n_estimators=stages[-1],
                        max_depth=p["max_depth"],
                        max_features=p["max_features"],
                        random_state=STATE,
                    ).fit(a, y)
                    losses.append([log_loss(z, guess) for guess in model.staged_predict_proba(b)])
                    nodes.append(np.cumsum([t[0].tree_.node_count for t in model.estimators_]))
                memo[key] = (np.mean(losses, axis=0), np.log10(np.mean(nodes, axis=0)))
            return memo[key][index]

        return one

    names = list(space.parameters)
    return {
        f"all.{measure}": fill_staged(space, names, "trees", curve(index))
        for index, measure in enumerate(("log_loss", "log10_nodes"))
    }


def main() -> None:
    makers = {
        "svc-cancer": svc_cancer,
        "tree-cancer": tree_cancer,
        "elastic-diabetes": elastic_diabetes,
        "boosting-diabetes": boosting_diabetes,
        "knn-wine": knn_wine,
        "forest-digits": forest_digits,
        "network-cancer": network_cancer,
        "svr-diabetes": svr_diabetes,
        "classifier-wine": classifier_wine,
        "classifier-digits": classifier_digits,
        "size-error-digits": size_error_digits,
        "cost-error-cancer": cost_error_cancer,
    }
    spaces = {name: space for part in (SPACES, CONDITIONAL, OBJECTIVES) for name, (_, _, space) in part.items()}
    warnings.simplefilter("ignore")  # models that do not converge are part of a tuning problem
    TABLES.mkdir(exist_ok=True)
    for name in sys.argv[1:] or list(makers):
        begin = time.process_time()
        arrays = makers[name](spaces[name])
        assert all(np.isfinite(cells).all() for cells in arrays.values()), name
        rounded = {
            key: np.array([float(f"{v:.5g}") for v in cells.ravel()], np.float32).reshape(cells.shape)
            for key, cells in arrays.items()
        }
        np.savez_compressed(TABLES / f"{name}.npz", **rounded)  # type: ignore[arg-type] -- the stubs take no dict of arrays
        size = (TABLES / f"{name}.npz").stat().st_size
        points = sum(cells.size for cells in arrays.values())
        lowest = min(cells.min() for cells in arrays.values())
        print(
            f"{name:20} {points:6} cells {size / 1e3:7.1f} kB {time.process_time() - begin:7.1f} s, min {lowest:.5g}",
            flush=True,
        )


if __name__ == "__main__":
    main()
