"""Peers that cannot share plaintune's environment: a script each, run in an environment of its own.

A script reads one JSON object per line and answers with one: first the space, then tell and ask.
It imports nothing but its peer and `wire.py`, which lies beside it.
"""
