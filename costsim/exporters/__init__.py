"""Layer graphs in other tools' formats, with random weights: what a runtime needs to run them."""
