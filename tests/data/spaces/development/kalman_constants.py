import numpy as np

PROCESS_NOISE = 1e-3
MEASUREMENT_NOISE = 0.25
INITIAL_VARIANCE = 10.0
OUTLIER_GATE = 3.0  # standard deviations beyond which a reading is ignored
LOG_FILE = "gps_track.csv"
SHOW_PLOT = True


def main() -> None:
    """Filter the track and print the rmse."""
