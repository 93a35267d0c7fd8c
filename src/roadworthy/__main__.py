"""`python -m roadworthy`: the command line."""

from roadworthy.cli import main

if __name__ == "__main__":
    main()
