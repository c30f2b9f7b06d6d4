"""What the pages show: the desk's answers in words and pictures, for the templates."""
