"""Data sets from outside, one file each; a file that defines ``TASK`` registers by being here."""
