"""Latencies of many networks on one device: what a search asks for again and again."""

from costsim.predict.predictor import Predictor

__all__ = ["Predictor"]
