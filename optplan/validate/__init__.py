"""Measurements against predictions: the same rules that plans use, held to published figures.

read -> training, inference (one adapter a kind of file) -> score, cross, figure -> report.
"""
