"""Maker of genuine Mixture-of-Experts ONNX exports with recorded ONNX Runtime outputs."""
