"""What `quality.py` is made of: collections, tasks, systems, records, tables."""
