"""What commits of a git repository bring in."""
