"""Pages that leave the house: letters, fax cover sheets, separator sheets."""
