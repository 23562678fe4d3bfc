"""The one error that bad input raises, and the one form in which it speaks."""


class InvalidInput(ValueError):
    """Input that cannot be used; its text is one sentence for the user.

    Parameters
    ----------
    field : str
        Dotted name of what is wrong, as the user would write it (``channel.length_km``).
    problem : str
        What it must be and what it is: ``"must be at least 0, but is -5"``.

    Examples
    --------
    >>> raise InvalidInput("channel.length_km", "must be at least 0, but is -5")
    Traceback (most recent call last):
    ...
    noclone.core.errors.InvalidInput: channel.length_km must be at least 0, but is -5.
    """

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        self.problem = problem.rstrip(".")
        super().__init__(f"{field} {self.problem}.")

    def under(self, prefix: str) -> "InvalidInput":
        """Return the same error with `prefix` put before the field's name."""
        return InvalidInput(f"{prefix}.{self.field}", self.problem)
