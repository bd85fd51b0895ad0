"""What is said to and heard from the language model: templates, schemas, the protocol."""
