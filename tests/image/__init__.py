"""What an image is: its documents, the plan that they make, the life of its files."""
