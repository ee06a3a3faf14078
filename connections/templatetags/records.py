"""What a page asks the tables itself, wherever it is shown."""

from __future__ import annotations

from django import template

from connections.accounts.credentials import has_any_credentials

register = template.Library()
register.simple_tag(has_any_credentials, name="has_any_credentials")
