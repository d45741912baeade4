"""The tests of imgscan."""
