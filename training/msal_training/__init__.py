"""Trains the EfficientDet networks whose ONNX exports `msal` runs."""
