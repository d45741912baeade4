"""The carriers: every way in which keys sit in images, as functions from a key to bytes."""
