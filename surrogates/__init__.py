"""What we believe: Gaussian processes and their kin, fitted to the trials."""
