"""HTTP on sockets, the REST answers, and the faults that go between. Stands on world."""
