"""Images: takes a source, returns a report for each of its images."""
