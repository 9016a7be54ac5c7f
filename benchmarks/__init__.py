"""How quick the course's parts are, beside what a user would pick instead: `python -m benchmarks`."""
