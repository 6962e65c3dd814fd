"""Reads pages of faxes and scans: pictures, words, codes, references, previews, a copy to search."""
