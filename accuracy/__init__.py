"""How exact imgscan is: a seeded corpus of keys in every carrier and of what only looks like keys, and the counts.

`make accuracy`, or `python -m accuracy --help`.
"""
