"""A mutation run over the detector, and the arguments for the mutants that live."""
