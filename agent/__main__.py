"""`python -m agent` is `plaintune`."""

from agent.cli import main

if __name__ == "__main__":
    main()
