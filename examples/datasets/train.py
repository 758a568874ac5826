"""Train a small neural network on one of scikit-learn's data sets and print its accuracy.

An ordinary training script: it knows nothing of hyperparameter optimisation. Without options it uses the defaults of
scikit-learn's `MLPClassifier`.

    python train.py --dataset wine
    python train.py --dataset wine --scale standard --lr 0.01 --test
"""

from __future__ import annotations

import argparse
import warnings

from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

DATASETS = {"iris": load_iris, "wine": load_wine, "breast_cancer": load_breast_cancer, "digits": load_digits}
SCALERS = {"none": FunctionTransformer, "standard": StandardScaler, "minmax": MinMaxScaler}


def options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", choices=DATASETS, required=True)
    parser.add_argument("--scale", choices=SCALERS, default="none", help="what is done to the inputs first")
    parser.add_argument("--layers", type=int, default=1, help="hidden layers")
    parser.add_argument("--width", type=int, default=100, help="neurons of a hidden layer")
    parser.add_argument("--activation", choices=("relu", "tanh"), default="relu")
    parser.add_argument("--lr", type=float, default=1e-3, help="first learning rate of Adam")
    parser.add_argument("--alpha", type=float, default=1e-4, help="strength of the L2 penalty")
    parser.add_argument("--batch", type=int, default=200, help="samples in a batch, at most all there are")
    parser.add_argument("--test", action="store_true", help="also print the accuracy on the held-out part")
    return parser.parse_args()


def main() -> None:
    """Cross-validate on the training part, and with --test measure on the rest."""
    args = options()
    model = make_pipeline(
        SCALERS[args.scale](),
        MLPClassifier(
            hidden_layer_sizes=(args.width,) * args.layers,
            activation=args.activation,
            learning_rate_init=args.lr,
            alpha=args.alpha,
            batch_size=args.batch,
            random_state=0,
        ),
    )
    inputs, labels = DATASETS[args.dataset](return_X_y=True)
    # The held-out 30 % are the same in every run, and are looked at with --test alone.
    train, held_out, train_labels, held_out_labels = train_test_split(
        inputs, labels, test_size=0.3, stratify=labels, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 200 epochs are the default, converged or not
        warnings.filterwarnings("ignore", message="Got `batch_size`")  # a fold of iris or wine is smaller
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        accuracy = cross_val_score(model, train, train_labels, cv=folds, error_score="raise").mean()
        print(f"accuracy: {accuracy:.4f}")
        if args.test:
            print(f"held-out accuracy: {model.fit(train, train_labels).score(held_out, held_out_labels):.4f}")


if __name__ == "__main__":
    main()
