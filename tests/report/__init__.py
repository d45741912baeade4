"""Tests of what imgscan tells: reports and remedies."""
