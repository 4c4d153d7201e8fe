"""The version, which results and signatures carry."""

__version__ = "0.1.0"
