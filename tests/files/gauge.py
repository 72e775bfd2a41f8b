#!/usr/bin/env python3
"""Reads the river gauge at Oxlode weir."""

OFFSET_CM = 117  # the zero of the staff


def level_cm(raw):
    """Raw counts of the float, 4096 to the metre."""
    # the float sticks below 3 cm
    return max(3, raw * 100 / 4096) - OFFSET_CM


if __name__ == "__main__":
    print(level_cm(int(input())))
