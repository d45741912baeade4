"""Tests of `imgscan.detect`."""
