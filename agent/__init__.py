"""The loop and its faces: ask, tell, run; stores, LLM backends, CLI."""
