"""Learning tasks of key distribution, one file each; a file that defines ``TASK`` registers by being here."""
