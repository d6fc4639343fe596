"""The vector index: exact in SQLite's file, or Milvus; `open.py` chooses by URL."""
