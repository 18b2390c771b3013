"""A profile of the machine costsim runs on: measure kernels and networks in a runtime, fit, judge."""
