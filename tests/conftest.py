"""What all tests share."""

from hypothesis import settings

# A loaded machine is no failure: examples may take as long as they need.
settings.register_profile("noclone", deadline=None)
settings.load_profile("noclone")
