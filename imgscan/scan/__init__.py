"""The pipeline: where sources and the detector meet."""
