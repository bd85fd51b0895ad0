"""How each origin looks, in the terminal and in the report alike."""

from __future__ import annotations

from collections.abc import Mapping

ORIGIN_STYLES: Mapping[str, tuple[str, str, str]] = {
    "default": ("default", "#525b66", "square"),
    "llm": ("language model", "#7c3aed", "diamond"),
    "surrogate": ("Gaussian process", "#0b7285", "circle"),
    "sobol": ("Sobol", "#d9780f", "triangle-up"),
    "random": ("random", "#a16207", "triangle-right"),
    "portfolio": ("portfolio", "#c2255c", "star"),
    "transfer": ("earlier study", "#7048e8", "bowtie"),
    "replication": ("run again", "#0ca678", "hourglass"),
    "prior": ("prior", "#2f9e44", "hexagon"),
    "user": ("you", "#1864ab", "cross"),
}
"""Origin → label, colour and marker: told apart by shape as well as by colour."""


def origin_style(origin: str) -> tuple[str, str, str]:
    """Return label, colour and marker of `origin`."""
    return ORIGIN_STYLES.get(origin, (origin, "#868e96", "pentagon"))
