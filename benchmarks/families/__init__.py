"""Families of segments: synthetic ones with known optima, and two of real trainings.

Instances of the synthetic ones are drawn from a seed: below 100 they are the half "tune", on which settings may be
chosen; from 100 on, and for the real families always, they are the half "report".
"""

from __future__ import annotations

from families.calorimeter import calorimeter
from families.instance import REPORT, Family, Instance, half_of
from families.slices import slices
from families.synthetic import synthetic

__all__ = ["FAMILIES", "REPORT", "Family", "Instance", "half_of"]

FAMILIES: dict[str, Family] = {family.name: family for family in (*synthetic(), calorimeter(), slices())}
