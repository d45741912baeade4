"""Zip archives: by their directory, or by what precedes each member."""
