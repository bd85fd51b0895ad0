"""Who optimises: one file per arm, all behind `arms/base.py`."""
