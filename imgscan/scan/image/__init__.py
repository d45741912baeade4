"""Images: a source in, a report for each image of it out."""
