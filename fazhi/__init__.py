"""fazhi turns Chinese local-government annual reports on rule-of-law building into data."""

from __future__ import annotations

from fazhi.document import Document, Section, Span

__version__ = "0.1.0"
__all__ = ["Document", "Section", "Span", "__version__"]
