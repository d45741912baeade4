"""Where sources and the detector meet: positions, streams, documents, reports, and the laws of a scan."""
