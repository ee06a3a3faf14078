"""The parts of `make run`: everything that one machine needs to try the panel."""
