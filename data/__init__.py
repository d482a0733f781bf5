"""The corpus of this project: reports with inline tags, their parser, checks and the data set built from them."""
