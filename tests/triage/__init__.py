"""What a team decides about findings."""
