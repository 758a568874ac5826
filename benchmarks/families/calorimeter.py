"""The calorimeter payload of `askntell.demo`, trained and scored for real: 15 segments, or 100 narrow slices.

A segment is a particle and a slice of pseudorapidity; its generator learns from simulated showers and is compared with
others. Space and payload are those of `askntell quickstart`; the samples are smaller, of one energy, so that an
evaluation takes some ten milliseconds.
"""

from __future__ import annotations

import functools
import io
from pathlib import Path

import numpy as np

from askntell import Segment
from askntell._files import make_folders, write_atomic, write_json
from askntell._rng import stream
from askntell.demo import campaign, showers
from askntell.space import Params
from families.instance import Family, Instance
from families.searched import searched

__all__ = ["calorimeter", "evaluate"]

FOLDER = Path(__file__).resolve().parents[2] / ".bench" / "showers"  #: samples; made when first needed
ENERGY = 65.536  #: GeV, the middle one of the demonstration
TRAINING, REFERENCE, BINS = 300, 1500, 20


def slices(size: int) -> tuple[Segment, ...]:
    """Segments: 15 are those of the demonstration; more are as many narrow slices of 0 < eta < 1 for each particle."""
    if size == 15:
        return tuple(Segment(s.name, features=s.features) for s in campaign.segments())
    particles = list(showers.PARTICLES)
    made = []
    for k, particle in enumerate(particles):
        count = size // len(particles) + (k >= len(particles) - size % len(particles))  # a pion more, at 100
        centres = (np.arange(count) + 0.5) / count
        made += [
            Segment(f"{particle}-{i}-of-{count}", features={"particle": particle, "eta": round(float(eta), 4)})
            for i, eta in enumerate(centres)
        ]
    return tuple(made)


def _samples(segment: Segment) -> Path:
    """The archive of a segment; a file that is there already is kept."""
    path = FOLDER / f"{segment.name}.npz"
    if not path.exists():
        make_folders(FOLDER)
        rng = stream(0, "benchmark", segment.name)
        particle, eta = str(segment.features["particle"]), float(segment.features["eta"])
        drawn = showers.simulate(particle, ENERGY, eta, TRAINING + REFERENCE, rng=rng).astype(np.float32)
        file = io.BytesIO()
        np.savez(file, energies=np.array([ENERGY]), training=drawn[None, :TRAINING], reference=drawn[None, TRAINING:])
        write_atomic(path, file.getvalue())
    return path


@functools.cache
def _binning() -> Path:
    make_folders(FOLDER)
    path = FOLDER / "binning.json"
    write_json(path, {"levels": [edge / BINS for edge in range(1, BINS)]})
    return path


def evaluate(segment: Segment, params: Params) -> float:
    """chi2 / ndf, as the demonstration tells it."""
    return campaign.score(params, _samples(segment), _binning())


def _instance(size: int, seed: int) -> Instance:
    segments = slices(size)
    minima, units = searched("calorimeter", [s.name for s in segments])
    return Instance(
        family="calorimeter",
        seed=seed,
        space=campaign.space(),
        segments=segments,
        evaluate=lambda index, params: evaluate(segments[index], params),
        minima=minima,
        units=units,
    )


def calorimeter() -> Family:
    """The family; not used to design the method."""
    return Family(
        name="calorimeter",
        make=_instance,
        sizes=(15, 100),
        real=True,
        related="real",
        trials=30,
        about="shower generators of the demonstration, 3 particles x slices of pseudorapidity, trained for real",
    )
