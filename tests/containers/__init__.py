"""Container formats, each against the tools that write it."""
