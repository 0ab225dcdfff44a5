"""SQL of the watch by theme: each function asks or changes one thing, and returns typed values.

Functions that change something are called inside `State.transaction`.
"""
