"""Zip archives: by their directory, or by what stands before each member."""
