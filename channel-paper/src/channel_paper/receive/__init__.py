"""The ways in: everything ends as a file in the folder of a box, and is taken from there."""
