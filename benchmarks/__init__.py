"""mygrad timed against its peers: ``python -m benchmarks``, ``python -m benchmarks.scaling``."""
