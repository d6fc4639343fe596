"""An S3 store, MinIO first of all: reads by a lean client of its own, the rest by minio-py."""
