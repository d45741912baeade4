"""The generated corpus: keys in every carrier, decoys, and how imgscan is run on them and counted."""
