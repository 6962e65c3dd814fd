"""Who carries our letters: a folder that is printed, or a letter provider."""
