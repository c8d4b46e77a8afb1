"""The ground floor: images and masks, the files they lie in, and how files are got and written."""
