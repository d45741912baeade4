"""What a team does with findings: where each came from, and which are accepted."""
