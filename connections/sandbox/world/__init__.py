"""What exists at this remote.it: devices, people, connections, the clock and the switches. Stands on nothing."""
