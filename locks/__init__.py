"""What is installed, version by version and hash by hash, and under which licences."""
