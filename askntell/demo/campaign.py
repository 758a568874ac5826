"""The demonstration campaign: fifteen shower generators tuned side by side, in about two minutes on two cores.

One generator for each of 3 particles x 5 slices of pseudorapidity, as FastCaloGAN has one for each of 3 particles
x 100 slices. `askntell quickstart` runs it. It is written to be read: `space`, `segments`, `inputs` and `train`
are all that a campaign needs, and `quickstart` puts them together in ten lines.
"""

from __future__ import annotations

import importlib
import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from askntell import worker
from askntell._files import make_folders, read_json, write_atomic, write_json
from askntell._rng import digest, stream
from askntell.demo import generator, showers
from askntell.errors import MissingExtra
from askntell.segments import segment_to_json
from askntell.space import Categorical, Float, Int, SearchSpace
from askntell.trial import Segment

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from askntell.space import Scalar
    from askntell.study import Study

__all__ = ["inputs", "quickstart", "score", "segments", "space", "train"]

SLICES = (0, 20, 40, 60, 80)  #: lower edges of the slices in pseudorapidity, in hundredths; each is 0.05 wide
TRAINING, REFERENCE = 6000, 16000  #: simulated showers of each energy to learn from and to compare with
BINS = 30  #: of every histogram, equally filled by the reference
BINNING = "binning.json"  #: the input file that all segments share
SEGMENTS = "segments.json"  #: the list of segments, in phpo's format


def space() -> SearchSpace:
    """The generator's six hyperparameters. The default is a plain mixture of four Gaussians in the layer energies."""
    return SearchSpace(
        {
            "variables": Categorical(["layers", "total"], default="layers"),
            "transform": Categorical(["linear", "asinh", "quantile"], default="linear"),
            "scale": Float(1e-4, 1.0, log=True, default=1e-2, when={"transform": "asinh"}),
            "components": Int(1, 48, log=True, default=4),
            "covariance": Categorical(["full", "tied", "diag", "spherical"], default="full"),
            "reg_covar": Float(1e-6, 1e-1, log=True, default=1e-6),
        }
    )


def segments() -> list[Segment]:
    """The fifteen segments, such as ``pid22_eta_0_5``: a photon with pseudorapidity 0.00 to 0.05.

    Their inputs are the names of the files that `inputs` writes.
    """
    return [
        Segment(
            name := f"pid{pdg}_eta_{low}_{low + 5}",
            inputs=(f"{name}.npz", BINNING),
            features={"particle": particle, "eta": (low + 2.5) / 100},
        )
        for particle, pdg in showers.PARTICLES.items()
        for low in SLICES
    ]


def inputs(folder: str | os.PathLike[str]) -> Path:
    """Simulate the showers and write the input files: an archive for each segment and the binning for all.

    A file that is there already is kept: the content depends on nothing but this package's version.

    Args:
        folder: Where to write; made if absent.

    Returns:
        The segments file ``segments.json``, which names the inputs relative to itself: the folder can be moved.

    Raises:
        OSError: a file cannot be written.
    """
    home = Path(folder).resolve()
    make_folders(home)
    for segment in segments():
        archive = home / segment.inputs[0]
        if not archive.exists():
            write_atomic(archive, _archive(segment))
    write_json(home / BINNING, {"levels": [edge / BINS for edge in range(1, BINS)]})
    write_json(home / SEGMENTS, [segment_to_json(segment) for segment in segments()])
    return home / SEGMENTS


def _archive(segment: Segment) -> bytes:
    """Training and reference showers, GeV in each layer, float32 of shape (energies, showers, layers), as npz."""
    rng = stream(0, "showers", segment.name)
    particle, eta = str(segment.features["particle"]), float(segment.features["eta"])
    drawn = [
        showers.simulate(particle, energy, eta, TRAINING + REFERENCE, rng=rng).astype(np.float32)
        for energy in showers.ENERGIES
    ]
    file = io.BytesIO()
    np.savez(
        file,
        energies=np.array(showers.ENERGIES),
        training=np.stack([energy[:TRAINING] for energy in drawn]),
        reference=np.stack([energy[TRAINING:] for energy in drawn]),
    )
    return file.getvalue()


def score(params: Mapping[str, Scalar], archive: str | os.PathLike[str], binning: str | os.PathLike[str]) -> float:
    """Train one generator for each energy and compare its showers with the reference.

    Args:
        params: A point of `space`.
        archive: Training and reference showers of a segment, as `inputs` writes them.
        binning: The shared binning, as `inputs` writes it.

    Returns:
        chi2 / ndf over all energies and histograms; about 1 is perfect. The same params give the same value.
    """
    levels = np.array(read_json(Path(binning))["levels"])
    seed = digest(Path(archive).stem) % 2**32
    chi2, ndf = 0.0, 0
    with np.load(archive, allow_pickle=False) as data:
        for energy, training, reference in zip(data["energies"], data["training"], data["reference"], strict=True):
            real = _shares(reference, energy)
            drawn = generator.generate(_shares(training, energy), params, len(real), seed=seed)
            distance, freedom = generator.chi2(drawn, real, levels)
            chi2, ndf = chi2 + distance, ndf + freedom
    return chi2 / ndf


def _shares(showers_gev: NDArray[np.float32], energy: float) -> NDArray[np.float64]:
    return showers_gev.astype(np.float64) / energy


def train(params: dict[str, Scalar]) -> float:
    """The payload: train and score the generator of the segment that this job belongs to.

    Args:
        params: A point of `space`, from the optimizer.

    Returns:
        chi2 / ndf, see `score`.
    """
    archive, binning = worker.current().inputs
    return score(params, archive, binning)


def quickstart(
    path: str | os.PathLike[str],
    *,
    trials: int = 10,
    parallel: int = 2,
    seed: int = 0,
    share: str = "auto",
    progress: bool = True,
) -> Study:
    """Run the whole campaign in a folder; start it again and it carries on.

    Args:
        path: Folder of the study; the inputs are written into its subfolder ``inputs``, the report as ``report.html``.
        trials: Trials for each of the fifteen segments.
        parallel: Trainings at a time; one for each core is right.
        seed: Seed of the proposals. The showers do not depend on it.
        share: "auto": the segments learn from each other; "none": each is tuned alone, to compare.
        progress: Show a live table in the terminal.

    Raises:
        MissingExtra: scikit-learn is not installed; nothing was written. SettingsError: no such share, or the study
            in this folder was made with another one.
    """
    try:
        importlib.import_module("sklearn")
    except ImportError:
        raise MissingExtra(
            "the demonstration trains with scikit-learn, which is not installed",
            hint='pip install "askntell[demo]"',
        ) from None
    from askntell.backends import Local
    from askntell.report import write_report
    from askntell.study import Study

    folder = Path(path).resolve()
    study = Study(
        folder,
        space(),
        objectives={"chi2": "minimize"},
        seed=seed,
        segments=inputs(folder / "inputs"),
        trials=trials,
        share=share,
    )
    study.run(train, backend=Local(), trials=trials, parallel=parallel, progress=progress)
    write_report(study, folder / "report.html")
    return study
