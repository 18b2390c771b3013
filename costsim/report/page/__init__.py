"""The pages: one HTML file that opens offline, its charts, and what they draw."""
