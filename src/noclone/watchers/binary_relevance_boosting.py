"""Binary relevance with gradient boosting, for attacks that no straight line tells apart."""

from __future__ import annotations

from noclone.watchers import gradient_boosting
from noclone.watchers.binary_relevance import relevance

WATCHER = relevance(gradient_boosting.WATCHER, "binary-relevance-boosting")
