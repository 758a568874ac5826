"""askntell: ask-and-tell hyperparameter optimisation, apart in space and time.

The names below load their module on first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself would be a third of the import time
if TYPE_CHECKING:
    from askntell.backends.local import Local as Local
    from askntell.optimizers.loop import maximize as maximize
    from askntell.optimizers.loop import minimize as minimize
    from askntell.optimizers.optimizer import Optimizer as Optimizer
    from askntell.space import Categorical as Categorical
    from askntell.space import Constant as Constant
    from askntell.space import Float as Float
    from askntell.space import Int as Int
    from askntell.space import Ordinal as Ordinal
    from askntell.space import SearchSpace as SearchSpace
    from askntell.study import Study as Study
    from askntell.trial import Segment as Segment
    from askntell.trial import Trial as Trial

__version__ = "0.1.0"

_HOME = {
    "Categorical": "askntell.space",
    "Constant": "askntell.space",
    "Float": "askntell.space",
    "Int": "askntell.space",
    "Local": "askntell.backends.local",
    "Optimizer": "askntell.optimizers.optimizer",
    "Ordinal": "askntell.space",
    "SearchSpace": "askntell.space",
    "Segment": "askntell.trial",
    "Study": "askntell.study",
    "Trial": "askntell.trial",
    "maximize": "askntell.optimizers.loop",
    "minimize": "askntell.optimizers.loop",
}

__all__ = [*sorted(_HOME), "__version__"]  # noqa: PLE0604 -- a table, not a pile of imports


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'askntell' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOME]
