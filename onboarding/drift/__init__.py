"""What differs between declaration and live systems, and what that means."""
