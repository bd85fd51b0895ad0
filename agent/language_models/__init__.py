"""One file per LLM backend, behind the protocol in `prompts.chat`."""
