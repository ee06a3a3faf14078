"""Credentials are tried before they are stored: what remote.it refuses is not kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.utils.translation import gettext as _

from connections.accounts.check import try_credentials
from connections.web.origin import user_of, web_origin

if TYPE_CHECKING:
    from django.http import HttpRequest

    from connections.admin.accounts.form import AccountForm
    from connections.models import Account


def are_taken(request: HttpRequest, form: AccountForm, account: Account | None) -> bool:
    """Whether the credentials of `form`, which is valid and has some, may be stored; the form or a message says more.

    Stored without a clear answer they are said to be untried: a remote.it that is away must not keep anybody from work.
    """
    assert form.credentials is not None  # noqa: S101 - the caller asked
    login = try_credentials(form.credentials, account, form.cleaned_data["name"], user_of(request), web_origin(request))
    if login.accepted is False:
        said = _("remote.it does not take these credentials: “%s”. Nothing was saved.") % login.reason
        form.add_error(
            None, said if login.reason else _("remote.it does not take these credentials. Nothing was saved.")
        )
        return False
    if login.accepted is None:
        why = _(
            "remote.it gave no clear answer (%s): nobody knows yet whether these credentials work. Test them later."
        )
        messages.warning(request, why % login.reason)
    else:
        messages.success(request, _("remote.it took the credentials."))
    return True
