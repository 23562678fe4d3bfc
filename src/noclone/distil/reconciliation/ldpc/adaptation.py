"""x"""
from pathlib import Path
COLUMNS=800
SIZE=128
DEGREES_FILE=Path(__file__).with_name("degrees.csv")
