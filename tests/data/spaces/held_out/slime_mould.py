"""Agents leave trails; the score is how well the trails connect the food."""
N_AGENTS = 5000
SENSOR_ANGLE = 45.0  # degrees
SENSOR_DISTANCE = 9.0  # pixels
TURN_ANGLE = 45.0  # degrees
DECAY_RATE = 0.1  # of the trail per step
DIFFUSION = 0.5
DEPOSIT = 5.0
GRID = 256
N_STEPS = 2000
RENDER = False
OUTPUT_FILE = "trail.png"
