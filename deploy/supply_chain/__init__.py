"""Pins with hashes, licences and sizes of the packages that this project installs."""
