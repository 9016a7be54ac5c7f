"""How quick the course's own parts are, beside what a user would pick instead. `python -m benchmarks` runs all."""
