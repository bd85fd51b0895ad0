"""What is optimised: one file per family of tasks, all behind `tasks/base.py`."""
