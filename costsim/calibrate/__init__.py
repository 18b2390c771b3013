"""Fitting profiles to measurements, and holding predictions against them."""
