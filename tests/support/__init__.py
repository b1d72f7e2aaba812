"""What the tests of several parts share: databases in use, the programs that use them, what may lie about."""
