"""Value types of the declaration: plain texts with a meaning that a library can check."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

Key = Annotated[str, StringConstraints(pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)?$")]
Text = Annotated[str, StringConstraints(min_length=1)]
AddressLine = Annotated[str, StringConstraints(min_length=1, max_length=200)]
PersonName = Annotated[str, StringConstraints(min_length=1, max_length=50)]
Email = Annotated[str, StringConstraints(min_length=3)]
Phone = Annotated[str, StringConstraints(min_length=1)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
IonLanguage = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Language = Annotated[str, StringConstraints(min_length=2)]
Culture = Annotated[str, StringConstraints(min_length=2)]
Domain = Annotated[str, StringConstraints(min_length=1)]
DomainPrefix = Annotated[str, StringConstraints(min_length=1)]
TenantId = Annotated[str, StringConstraints(min_length=1)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://")]
