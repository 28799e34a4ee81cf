"""The gate and the faces inside other people's applications."""
