def count_cells(
    image_path: str,
    blur_sigma: float = 2.0,
    threshold: float = 0.35,
    min_area: int = 30,
    max_area: int = 2000,
    watershed_distance: int = 8,
    invert: bool = False,
    debug: bool = False,
    save_overlay: str | None = None,
) -> float:
    """Return the F1 of detected cells against the annotation.

    blur_sigma is in pixels, threshold is relative to the brightest pixel.
    """
