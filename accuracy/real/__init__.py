"""Real material: trees that nobody made for a scanner, and files that real compilers and databases make."""
