"""What each unit can be asked for: one module of parameters a unit."""
