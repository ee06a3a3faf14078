"""What is said of sign-ins and of the second person."""
