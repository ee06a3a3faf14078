"""The page on which a connection is opened."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.accounts.credentials import NoCredentials, ensure_default_account
from connections.admin.connections.sight import may_and_see
from connections.admin.pages import Page, page_context
from connections.admin.refusals import Lacks
from connections.inventory.openings import (
    ANYBODY,
    FIRST_TO_CONNECT,
    CannotOpen,
    Result,
    Wish,
    open_connection,
    public_address,
)
from connections.models import Account, Connection
from connections.models.connections import accounts_visible_to
from connections.models.formats import validate_service_address
from connections.web.origin import client_ip, user_of, web_origin
from connections.words.outcomes import said

SERVICES_OFFERED = 500


class OpenForm(forms.Form):
    """Which service to open, through which account, and for whom."""

    device_address = forms.CharField(
        label=gettext_lazy("Service address"),
        help_text=gettext_lazy("One that the panel has seen, or any other."),
        max_length=23,
        validators=[validate_service_address],
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "services", "spellcheck": "false"}),
        error_messages={"required": gettext_lazy("Choose a service, or write its address.")},
    )
    account = forms.ModelChoiceField(
        Account.objects.none(),
        label=gettext_lazy("Account"),
        empty_label=None,
        error_messages={"required": gettext_lazy("Choose an account.")},
    )
    host_ip = forms.ChoiceField(label=gettext_lazy("Who may use it"), widget=forms.RadioSelect)

    def __init__(self, data: Any, *, accounts: Any, client_ip: str, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)
        own = public_address(client_ip)
        offered = [
            (FIRST_TO_CONNECT, _("only the first address that connects")),
            (ANYBODY, _("everybody who knows the proxy address")),
        ]
        if own:
            offered.insert(0, (own, _("only my address, %s") % own))
        self.fields["host_ip"] = forms.ChoiceField(
            label=_("Who may use it"), choices=offered, widget=forms.RadioSelect, initial=offered[0][0]
        )
        self.fields["account"].queryset = accounts  # type: ignore[attr-defined]


def open_view(request: HttpRequest) -> HttpResponse:
    if not may_and_see(request, "open_connection"):
        raise Lacks("open_connection")
    ensure_default_account()
    given = request.POST if request.method == "POST" else None
    accounts = accounts_visible_to(request.user).kept()
    form = OpenForm(given, accounts=accounts, client_ip=client_ip(request), initial=_initial(request))
    result = _opened(request, form) if form.is_valid() else None
    if result is not None and result.connection is not None:
        messages.success(request, _("remote.it opened it. Where to go stands below as its proxy address."))
        return HttpResponseRedirect(reverse("admin:connections_connection_change", args=[result.connection.pk]))
    context = page_context(
        request,
        Connection,
        title=_("Open a connection"),
        form=form,
        services=services(Connection.objects.openable_by(request.user)),
        outcome=result.opened.outcome.value if result else "",
        said=_said(result) if result else None,
    )
    return TemplateResponse(request, "admin/connections/open.html", context)


def _opened(request: HttpRequest, form: OpenForm) -> Result | None:
    """What became of the wish; None when it was not sent, which the form then says."""
    chosen = form.cleaned_data
    wish = Wish(user=user_of(request), origin=web_origin(request), **chosen)
    try:
        return open_connection(wish)
    except (CannotOpen, NoCredentials) as error:
        form.add_error(None, _("%s Nothing was opened.") % error)
        return None


PAGES = (Page("open/", "open", open_view),)


def services(connections: Any) -> list[tuple[str, str]]:
    """The services that the panel has seen, by name: their addresses, and their names with the account."""
    columns = ("device_name", "service_name", "account__name")
    rows = connections.order_by(*columns[:2]).values_list("device_address", *columns).distinct()[:SERVICES_OFFERED]
    return [(address, ", ".join(filter(None, names))) for address, *names in rows]


def _initial(request: HttpRequest) -> dict[str, Any]:
    """What a link to the page chose: the service and the account of a connection."""
    of = request.GET.get("of", "")
    known = Connection.objects.visible_to(request.user)
    one = known.filter(pk=int(of)).first() if of.isascii() and of.isdigit() and len(of) < 19 else None
    if one is not None:
        return {"device_address": one.device_address, "account": one.account_id}
    accounts = accounts_visible_to(request.user).kept()
    default = accounts.filter(name=Account.DEFAULT).first() or accounts.first()
    return {"account": default.pk if default else None}


def _said(result: Result) -> Any:
    opened = result.opened
    return said(opened.outcome.value, opened.status, opened.reason)
