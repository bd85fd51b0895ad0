"""Evaluators: each is one module here, plus one line in the registry."""
