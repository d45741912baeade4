"""Speed and memory, measured against a budget on images built here: `python -m benchmarks`, or `make bench`."""
