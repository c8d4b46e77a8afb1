"""Reading that datasets share: image files, preparation, archives, downloads, the cache."""
