"""Files that are no image: one file, every file below a folder, or standard input."""
