"""Calorimeter showers from published parametrisations: what the demonstration generators learn to imitate.

A photon, electron or charged pion enters a barrel calorimeter and leaves energy in four layers. Nothing is
tracked: the depth profile of every single shower is drawn from a parametrisation, cut at the layer
boundaries and smeared by the sampling of the detector. Energies are in GeV, depths in radiation lengths (X0) or
nuclear interaction lengths (lambda), both counted along the particle's path.

Where the numbers come from:

* Electromagnetic showers: G. Grindhammer and S. Peters, hep-ex/0001020, appendix A. A gamma distribution in depth whose
  ln T (depth of the maximum) and ln alpha (shape) fluctuate together; the constants for fluctuated showers
  in a sampling calorimeter. Read from two independent codes that implement the paper and agree: Geant4 (source/
  parameterisations/gflash) and CMSSW (FastSimulation/ShowerDevelopment). The profile itself is Longo and Sestili,
  Nucl. Instrum. Meth. 128 (1975) 283.
* Hadronic showers: the two components of R. K. Bock et al., Nucl. Instrum. Meth. 186 (1981) 533, with the constants
  that Y. Kulchitsky and V. Vinogradov use in hep-ex/9903019, eq. 1. The constant weight of the two is replaced by a
  fluctuating electromagnetic fraction; its mean is the power law of D. Groom, Nucl. Instrum. Meth. A572 (2007) 633.
* Response: e/h of the ATLAS liquid-argon calorimeter, hep-ex/9911033; its resolution for electrons, physics/0608012.
  The hadronic sampling term lies between two analyses of one pion test beam: 42 % (S. Akhmadaliev et al., Nucl.
  Instrum. Meth. A449 (2000) 461) and 58 % (hep-ex/0004009).
* Materials: Particle Data Group, atomic and nuclear properties of materials.

Chosen for this example, NOT taken from a paper: the material in front, the depths of the back layer and of the
tile layer (values typical of ATLAS), the width of the electromagnetic fraction (so that the pion resolution near
65 GeV is about the measured 7 %), the noise, and the lead-argon profile for the few electrons that reach iron.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "ENERGIES",
    "LAYERS",
    "PARTICLES",
    "Section",
    "electromagnetic_fraction",
    "electron_profile",
    "path",
    "simulate",
]

PARTICLES = {"photon": 22, "electron": 11, "pion": 211}  #: name to PDG number
ENERGIES = (16.384, 65.536, 262.144)  #: GeV; powers of two in MeV, as in the samples of FastCaloGAN


@final
@dataclass(frozen=True)
class Section:
    """A stretch of the path at right angles to the beam (eta = 0): its name and depth in X0 and in lambda."""

    name: str
    x0: float
    lambda_: float


# Lead and liquid argon in the thicknesses of the ATLAS barrel, 1.53 mm and two gaps of 2.1 mm, mixed as in
# hep-ex/0001020, A.2: densities, X0 and lambda in g/cm2 from the PDG, critical energy 2.66 MeV (X0 Z/A)^1.1.
_THICKNESS_CM = np.array([0.153, 0.42])
_DENSITY, _Z, _A = np.array([11.35, 1.396]), np.array([82.0, 18.0]), np.array([207.2, 39.95])
_X0, _LAMBDA = np.array([6.37, 19.55]), np.array([199.6, 119.7])
_WEIGHT = _THICKNESS_CM * _DENSITY / np.sum(_THICKNESS_CM * _DENSITY)
_X0_MIX = 1 / float(np.sum(_WEIGHT / _X0))
_X0_PER_LAMBDA = float(1 / np.sum(_WEIGHT / _LAMBDA)) / _X0_MIX
_CRITICAL_GEV = 1e-3 * _X0_MIX * float(np.sum(_WEIGHT * 2.66 * (_X0 * _Z / _A) ** 1.1 / _X0))
_Z_MIX = float(np.sum(_WEIGHT * _Z))
# F_S: X0 per sampling layer; 1 - e-hat: how much the signal of electrons is suppressed against that of muons.
_SAMPLING = _X0_MIX / float(np.sum(_THICKNESS_CM * _DENSITY))
_SUPPRESSION = 1 - 1 / (1 + 0.007 * float(_Z[0] - _Z[1]))
_IRON_X0_PER_LAMBDA = 132.1 / 13.84
_MIP_GEV_PER_LAMBDA = 0.2  # minimum ionisation: 0.21 in the lead-argon mix, 0.19 in iron

SECTIONS = (
    Section("in front", 2.0, 2.0 * 24.01 / 107.2),  # as aluminium; nothing is measured here
    Section("strips", 4.3, 4.3 / _X0_PER_LAMBDA),
    Section("middle", 16.0, 16.0 / _X0_PER_LAMBDA),
    Section("back", 2.0, 2.0 / _X0_PER_LAMBDA),
    Section("tile", 7.4 * _IRON_X0_PER_LAMBDA, 7.4),
)
LAYERS = tuple(section.name for section in SECTIONS[1:])  #: the layers that measure, from inside out

_H_OVER_E = 1 / 1.74
_SAMPLING_TERM, _CONSTANT_TERM, _HADRONIC_SAMPLING_TERM = 0.10, 0.002, 0.5  # sqrt(GeV), 1, sqrt(GeV)
_FRACTION_WIDTH = 20.0  # a + b of the beta distribution of the electromagnetic fraction
_NOISE_GEV = 0.03  # Gaussian, each layer


def path(eta: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Depths at which the sections begin and end, along a path of pseudorapidity `eta`: longer by cosh(eta).

    Returns:
        Boundaries in X0 and in lambda, each of shape (6,), from 0 at the beam.
    """
    depth = np.array([(0.0, 0.0), *((s.x0, s.lambda_) for s in SECTIONS)]).cumsum(axis=0) * np.cosh(eta)
    return depth[:, 0], depth[:, 1]


def electron_profile(energy: float) -> tuple[float, float, float, float, float]:
    """How the shower of an electron develops in the lead-argon mix [hep-ex/0001020, A.2.2].

    Args:
        energy: GeV, at least 1.

    Returns:
        Median depth T of the maximum in X0 and median shape alpha, standard deviations of ln T and of ln alpha, and
        the correlation of the two.
    """
    ln_y = np.log(energy / _CRITICAL_GEV)
    depth = ln_y - 0.812 - 0.55 / _SAMPLING - 0.69 * _SUPPRESSION
    shape = 0.81 + (0.458 + 2.26 / _Z_MIX) * ln_y - 0.476 / _SAMPLING
    return depth, shape, 1 / (-2.5 + 1.25 * ln_y), 1 / (-0.82 + 0.79 * ln_y), 0.784 - 0.023 * ln_y


def electromagnetic_fraction(energy: float) -> float:
    """Mean share of a pion's energy (GeV) that goes into neutral pions: 1 - (E / 1 GeV)^(0.83 - 1) [Groom07]."""
    return float(1 - energy ** (0.83 - 1))


def simulate(particle: str, energy: float, eta: float, count: int, *, rng: np.random.Generator) -> NDArray[np.float64]:
    """Measured energies of single particles.

    Args:
        particle: A name of `PARTICLES`.
        energy: True energy in GeV, at least 1.
        eta: Pseudorapidity; stay below 1, where a barrel ends.
        count: Number of particles.
        rng: Source of randomness; equal generators give equal showers.

    Returns:
        GeV in each of `LAYERS`, shape (count, 4), on the scale that is right for electrons. Noise makes some negative.
    """
    x0, lambda_ = path(eta)
    if particle == "pion":
        light, heavy = _pion(energy, x0, lambda_, count, rng)
    else:
        light, heavy = energy * _electromagnetic(particle, energy, x0, count, rng), np.zeros((count, len(SECTIONS)))
    signal = _sampled(light, _SAMPLING_TERM, rng) + _sampled(heavy * _H_OVER_E, _HADRONIC_SAMPLING_TERM, rng)
    signal *= rng.normal(1.0, _CONSTANT_TERM, (count, 1))
    return (signal + rng.normal(0.0, _NOISE_GEV, signal.shape))[:, 1:]


def _electromagnetic(
    particle: str, energy: float, x0: NDArray[np.float64], count: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Shares of the energy by section, shape (count, 5). A photon first flies 9/7 X0 on average, then converts."""
    depth, shape, depth_width, shape_width, correlation = electron_profile(energy)
    first, second = rng.standard_normal((2, count, 1))
    T = depth * np.exp(depth_width * first)
    alpha = shape * np.exp(shape_width * (correlation * first + np.sqrt(1 - correlation**2) * second))
    alpha = np.maximum(alpha, 1.1)  # below 1 there is no maximum; Geant4 cuts here too
    start = rng.exponential(9 / 7, (count, 1)) if particle == "photon" else 0.0
    return _profile(alpha, (alpha - 1) / T, x0 - start)


def _pion(
    energy: float, x0: NDArray[np.float64], lambda_: NDArray[np.float64], count: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Energy in GeV by section, (count, 5) each: ionisation with electromagnetic showers, and the hadronic rest."""
    start = rng.exponential(1.0, (count, 1))  # first interaction, lambda
    mean = electromagnetic_fraction(energy)
    fraction = rng.beta(_FRACTION_WIDTH * mean, _FRACTION_WIDTH * (1 - mean), (count, 1))
    track = _MIP_GEV_PER_LAMBDA * np.diff(np.minimum(lambda_, start))
    shower = energy - track.sum(axis=1, keepdims=True)
    a = np.full((count, 1), 0.786 + 0.427 * np.log(energy))
    light = fraction * shower * _profile(a, 0.29, x0 - np.interp(start, lambda_, x0))
    heavy = (1 - fraction) * shower * _profile(a, 0.978, lambda_ - start)
    return track + light, heavy


def _profile(
    alpha: NDArray[np.float64], beta: NDArray[np.float64] | float, depth: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Shares of a gamma distribution (shape alpha, rate beta) between consecutive depths, counted from the start."""
    from scipy.special import gammainc

    shares: NDArray[np.float64] = np.diff(gammainc(alpha, beta * np.maximum(depth, 0.0)), axis=1)
    return shares


def _sampled(energy: NDArray[np.float64], term: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """What sampling makes of energies: same mean, variance term^2 E, never negative (a gamma distribution)."""
    return rng.gamma(energy / term**2, term**2)
