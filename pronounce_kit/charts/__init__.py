"""Words and sounds in colour."""
