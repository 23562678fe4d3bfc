"""Other people's solvers on the same problems: second opinions on a certified bound."""
