"""Reads pages of faxes and scans: pictures, words, codes, references, a copy to search."""
