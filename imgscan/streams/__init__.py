"""Bytes on their way: reading, inflating, hashing, tar headers, windows. Knows neither sources nor rules."""
