"""By what somebody signs in beside the password, and where they are signed in."""
