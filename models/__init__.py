"""The shipped model directory and its export."""
