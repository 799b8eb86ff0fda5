"""Personal data as a matter of its own: who is restricted, held, forgotten, by which document."""
