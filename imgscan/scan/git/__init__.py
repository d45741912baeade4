"""What the commits of a git repository add."""
