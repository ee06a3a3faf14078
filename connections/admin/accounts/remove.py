"""The page that removes an account: it says first what stays and what goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from connections.accounts import removal
from connections.models import Connection, ScopeRule
from connections.web.origin import user_of, web_origin

if TYPE_CHECKING:
    from connections.models import Account


@require_http_methods(["GET", "HEAD", "POST"])
def removed(request: HttpRequest, account: Account) -> HttpResponse | dict[str, Any]:
    """After a POST the way on; else what the page shows. The caller has asked whether the person may."""
    if request.method == "POST":
        try:
            removal.remove(account, user_of(request), web_origin(request))
        except removal.StillNeeded as error:
            messages.error(request, _("%s Nothing was changed.") % error)
            return HttpResponseRedirect(request.path)
        messages.success(request, _("“%s” was removed: its credentials are destroyed, its history stays.") % account)
        return HttpResponseRedirect(reverse("admin:connections_account_changelist"))
    return {
        "title": _("Remove %s?") % account,
        "account": account,
        "why_not": removal.why_not(account),
        "open": Connection.objects.visible_to(request.user).open().filter(account=account).count(),
        "rules": ScopeRule.objects.filter(account=account).count(),
    }
