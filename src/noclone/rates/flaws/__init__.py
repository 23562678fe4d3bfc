"""What a real source does that an ideal one does not, one file each: what Eve gains and what it costs."""
