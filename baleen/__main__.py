"""`python -m baleen` is the command `baleen`."""

from baleen.commands.command import main

if __name__ == "__main__":
    main()
