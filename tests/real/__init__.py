"""Tests that drive the tools which make, keep and serve images."""
