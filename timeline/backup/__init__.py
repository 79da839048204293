"""Backups: everything that cannot be made anew, in one file for both engines, and its way back."""
