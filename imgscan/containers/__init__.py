"""Containers: files that hold files. Each format is one module that recognises it and gives its members."""
