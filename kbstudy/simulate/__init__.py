"""Trials with a known truth. Everything made here is stamped as simulated and is never evidence."""
