"""What the stream app and the search API truly share: words, protocols and adapters."""
