"""What an image is: its documents, its history, and what becomes of a file over its layers."""
