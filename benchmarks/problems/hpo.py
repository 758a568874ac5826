"""The spaces of the tables: tuning of real scikit-learn models on the data sets that scikit-learn ships."""

from __future__ import annotations

from askntell import Categorical, Float, Int, Ordinal, SearchSpace
from problems.problem import BenchmarkProblem
from problems.tables import made, table_problem

__all__ = ["CONDITIONAL", "OBJECTIVES", "SPACES", "hpo"]

SPACES: dict[str, tuple[str, str, SearchSpace]] = {
    "svc-cancer": (
        "tune",
        "support vector classifier, breast cancer, log loss",
        SearchSpace(
            {
                "log10_C": Float(-2, 3, step=0.25),
                "log10_gamma": Float(-5, 0, step=0.25),
                "kernel": Categorical(["rbf", "poly", "sigmoid"]),
                "scaling": Categorical(["robust", "standard"]),
            }
        ),
    ),
    "tree-cancer": (
        "tune",
        "decision tree, breast cancer, Brier score",
        SearchSpace(
            {
                "criterion": Categorical(["gini", "entropy"]),
                "splitter": Categorical(["best", "random"]),
                "max_depth": Int(1, 12),
                "min_samples_leaf": Int(1, 20),
                "max_features": Ordinal([2, 4, 8, 16, 30]),
                "class_weight": Categorical(["none", "balanced"]),
            }
        ),
    ),
    "elastic-diabetes": (
        "tune",
        "elastic net on polynomial features, diabetes, root mean squared error",
        SearchSpace(
            {
                "log10_alpha": Float(-3, 2, step=0.25),
                "l1_ratio": Float(0.05, 1.0, step=0.05),
                "degree": Ordinal([1, 2]),
                "scaling": Categorical(["standard", "robust", "quantile"]),
                "interactions": Categorical(["all", "cross"]),
            }
        ),
    ),
    "boosting-diabetes": (
        "tune",
        "gradient boosting, diabetes, root mean squared error",
        SearchSpace(
            {
                "log10_rate": Float(-2, 0, step=0.25),
                "trees": Int(5, 100, step=5),
                "max_depth": Int(1, 5),
                "subsample": Float(0.5, 1.0, step=0.25),
                "min_samples_leaf": Ordinal([1, 8]),
            }
        ),
    ),
    "knn-wine": (
        "report",
        "nearest neighbours on principal components, wine, log loss",
        SearchSpace(
            {
                "neighbours": Int(1, 40),
                "weights": Categorical(["uniform", "distance"]),
                "power": Ordinal([1.0, 1.5, 2.0, 3.0]),
                "components": Int(1, 13),
                "scaling": Categorical(["standard", "robust"]),
            }
        ),
    ),
    "forest-digits": (
        "report",
        "random forest, digits, log loss",
        SearchSpace(
            {
                "trees": Int(5, 60, step=5),
                "max_features": Ordinal([2, 4, 8, 16, 32]),
                "max_depth": Int(3, 15, step=2),
                "min_samples_leaf": Ordinal([1, 2, 4, 8]),
                "criterion": Categorical(["gini", "entropy"]),
            }
        ),
    ),
    "network-cancer": (
        "report",
        "neural network, breast cancer, log loss",
        SearchSpace(
            {
                "log10_rate": Float(-4, -1, step=0.5),
                "width": Ordinal([2, 4, 8, 16, 32]),
                "activation": Categorical(["relu", "tanh", "logistic"]),
                "log10_alpha": Float(-5, 1, step=2),
                "epochs": Int(2, 40, step=2),
            }
        ),
    ),
    "svr-diabetes": (
        "report",
        "support vector regression, diabetes, root mean squared error",
        SearchSpace(
            {
                "log10_C": Float(-2, 4, step=0.25),
                "log10_gamma": Float(-4, 1, step=0.25),
                "epsilon": Ordinal([0.1, 1.0, 5.0, 20.0]),
                "kernel": Categorical(["rbf", "sigmoid"]),
            }
        ),
    ),
}

CONDITIONAL: dict[str, tuple[str, str, SearchSpace]] = {
    "classifier-wine": (
        "tune",
        "choice of a classifier, wine, log loss",
        SearchSpace(
            {
                "model": Categorical(["svc", "neighbours", "tree", "logistic"]),
                "log10_C": Float(-2, 3, step=0.25, when={"model": "svc"}),
                "kernel": Categorical(["rbf", "poly"], when={"model": "svc"}),
                "log10_gamma": Float(-5, 0, step=0.25, when={"model": "svc", "kernel": "rbf"}),
                "degree": Int(1, 4, when={"model": "svc", "kernel": "poly"}),
                "k": Int(1, 40, when={"model": "neighbours"}),
                "weights": Categorical(["uniform", "distance"], when={"model": "neighbours"}),
                "power": Ordinal([1.0, 2.0, 3.0], when={"model": "neighbours"}),
                "max_depth": Int(1, 8, when={"model": "tree"}),
                "min_samples_leaf": Int(1, 20, when={"model": "tree"}),
                "log10_strength": Float(-4, 3, step=0.25, when={"model": "logistic"}),
                "l1_ratio": Float(0.0, 1.0, step=0.05, when={"model": "logistic"}),
            }
        ),
    ),
    "classifier-digits": (
        "report",
        "choice of a classifier, digits, error",
        SearchSpace(
            {
                "model": Categorical(["forest", "neighbours", "linear", "bayes", "extra"]),
                "trees": Int(5, 50, step=5, when={"model": "forest"}),
                "depth": Int(3, 12, when={"model": "forest"}),
                "features": Ordinal([2, 4, 8, 16], when={"model": "forest"}),
                "k": Int(1, 25, when={"model": "neighbours"}),
                "weights": Categorical(["uniform", "distance"], when={"model": "neighbours"}),
                "power": Ordinal([1.0, 2.0, 3.0], when={"model": "neighbours"}),
                "penalty": Categorical(["ridge", "discriminant"], when={"model": "linear"}),
                "log10_alpha": Float(-3, 4, step=0.25, when={"model": "linear", "penalty": "ridge"}),
                "shrinkage": Float(0.0, 1.0, step=0.05, when={"model": "linear", "penalty": "discriminant"}),
                "log10_smoothing": Float(-12, 1, step=0.25, when={"model": "bayes"}),
                "leaf": Int(1, 20, when={"model": "extra"}),
                "max_features": Ordinal([1, 2, 4, 8, 16, 32, 64], when={"model": "extra"}),
            }
        ),
    ),
}

OBJECTIVES: dict[str, tuple[str, str, SearchSpace]] = {
    "size-error-digits": (
        "tune",
        "extra trees, digits: error against the number of nodes (log10)",
        SearchSpace(
            {
                "trees": Int(1, 40),
                "max_depth": Int(2, 14, step=2),
                "max_features": Ordinal([2, 8, 32]),
                "min_samples_leaf": Ordinal([1, 3, 10]),
            }
        ),
    ),
    "cost-error-cancer": (
        "report",
        "gradient boosting, breast cancer: log loss against the number of tree nodes (log10)",
        SearchSpace(
            {
                "trees": Int(1, 60),
                "log10_rate": Float(-2, 0, step=0.25),
                "max_depth": Int(1, 4),
                "max_features": Ordinal([2, 6, 30]),
            }
        ),
    ),
}


def hpo() -> list[BenchmarkProblem]:
    """Eight tables, one for each kind of model."""
    return [
        table_problem(name, "hpo", half, space, source) for name, (half, source, space) in SPACES.items() if made(name)
    ]
