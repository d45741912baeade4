"""What files hold: containers in containers, to a depth, within limits."""
