"""One module a command, each with its `command`; loaded when it runs."""
