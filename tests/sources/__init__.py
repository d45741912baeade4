"""Where images come from: recognising them, folders, engines."""
