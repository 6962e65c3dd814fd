"""Batches from a scanner: separator sheets part them into documents, each with a file of its own.

A separator sheet has one of these codes on it, and its words are never read:
  DataMatrix or QR  F:TRENNBLATT, or F:TRENNBLATT/label
  Code 39 or 128    PATCHT, as other products print it
"""

from hub_reading.split.cut import Cut, cut
from hub_reading.split.plan import Part, plan

__all__ = ["Cut", "Part", "cut", "plan"]
