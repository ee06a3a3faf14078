"""How fast, how cheap and how undisturbing: each measured beside a baseline in the same run. See `__main__`."""
