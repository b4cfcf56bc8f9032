"""Storage in a bucket of S3."""
