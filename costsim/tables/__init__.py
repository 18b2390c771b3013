"""The two tables every later stage reads: what the device executes, and what that costs."""
