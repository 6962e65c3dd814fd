"""A page as it should have been: square pixels, no specks, lines that are level."""

from hub_reading.straighten.blank import is_blank
from hub_reading.straighten.level import level, skew_of
from hub_reading.straighten.specks import without_specks
from hub_reading.straighten.square import square

__all__ = ["is_blank", "level", "skew_of", "square", "without_specks"]
