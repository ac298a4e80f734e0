"""What colleagues say about a picture."""
