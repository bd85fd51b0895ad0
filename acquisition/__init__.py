"""Where to look next: designers, acquisition functions, the trust rule."""
