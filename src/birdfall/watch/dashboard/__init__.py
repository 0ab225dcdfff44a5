"""The dashboard: what happened, to whom, and what to check next, from a running watch or a finished
case.
"""
