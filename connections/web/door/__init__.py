"""By what a session was signed in, where, and what is still due."""
