"""Fuzzing of every parser: `python -m tests.fuzz --minutes 5`, and a short run of each among the tests."""
