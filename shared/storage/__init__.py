"""Where the pictures are: adapters of ObjectStore and ObjectWriter."""
