"""Circuits to and from other libraries; each is imported only when its functions are called."""
