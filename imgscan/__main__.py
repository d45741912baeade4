"""`python -m imgscan`."""

from imgscan.cli import main

if __name__ == "__main__":
    main()
