"""Bytes in transit: reading, inflating, hashing, tar headers, windows. Knows neither sources nor rules."""
