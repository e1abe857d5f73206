"""Networks and what surrounds them: preprocessor, batch augments, losses, start values."""
