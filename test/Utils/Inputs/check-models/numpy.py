"""As much of numpy as a model without inputs needs."""
