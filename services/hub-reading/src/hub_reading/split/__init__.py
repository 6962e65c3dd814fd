"""Batches from a scanner: separator sheets part them into documents, each with a file of its own.

A separator sheet has one of these codes on it, and its words are never read:
  DataMatrix or QR  FADEN-TRENNBLATT, or FADEN-TRENNBLATT/label
  Code 39 or 128    PATCHT, as other products print it
"""

from hub_reading.split.cut import Cut, cut
from hub_reading.split.plan import SEPARATOR, Part, plan

__all__ = ["SEPARATOR", "Cut", "Part", "cut", "plan"]
