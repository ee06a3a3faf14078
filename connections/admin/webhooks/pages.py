"""The pages of webhooks: all of them, one with its deliveries, making and changing one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connections.admin.refusals import Lacks
from connections.admin.webhooks.form import EndpointForm
from connections.models import Delivery, Endpoint
from connections.models.credentials import CannotDecrypt
from connections.models.notices import DeliveryState
from connections.models.rights import NOTHING_CHANGED
from connections.models.telling.webhooks import Form
from connections.notices.outward import endpoints
from connections.notices.outward.signatures import public_of
from connections.web.origin import user_of, web_origin

if TYPE_CHECKING:
    from connections.models.notices import DeliveryQuerySet

SHOWN = 50


@dataclass(frozen=True)
class Row:
    """`host`: of its address, the rest of which may be a secret; `state`: on, failing or off."""

    endpoint: Endpoint
    host: str
    waiting: int
    delivered: int | None

    @property
    def state(self) -> str:
        if self.endpoint.off_at is not None:
            return "off"
        return "failing" if self.endpoint.failing_since is not None else "on"


@require_safe
def list_view(request: HttpRequest) -> HttpResponse:
    _check(request)
    return _page(request, "list", title=_("Webhooks"), rows=[_row(one) for one in Endpoint.objects.all()])


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def add_view(request: HttpRequest) -> HttpResponse:
    """Make one. The answer to the POST is the only page that ever shows a shared secret."""
    _check(request)
    form = EndpointForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        status = 400 if form.errors else 200
        return _page(request, "form", title=_("New webhook"), form=form, status=status)
    fields = {name: form.cleaned_data[name] for name in ("name", "form", "events", "with_names", "url", "key")}
    endpoint = endpoints.make(user_of(request), web_origin(request), **fields)
    return _made(request, endpoint, _("Webhook “%s” is made") % endpoint)


@require_http_methods(["GET", "HEAD", "POST"])
def change_view(request: HttpRequest, pk: int) -> HttpResponse:
    endpoint = _endpoint(request, pk)
    form = EndpointForm(request.POST if request.method == "POST" else None, instance=endpoint)
    if not form.is_valid():
        title = _("Change “%s”") % Endpoint.objects.get(pk=pk)
        return _page(request, "form", title=title, form=form, endpoint=endpoint, status=400 if form.errors else 200)
    fields = {name: form.cleaned_data[name] for name in ("name", "events", "with_names", "url", "key")}
    endpoints.change(endpoint, user_of(request), web_origin(request), **fields)
    messages.success(request, _("Saved."))
    return _back(endpoint)


@require_safe
def page_view(request: HttpRequest, pk: int) -> HttpResponse:
    endpoint = _endpoint(request, pk)
    deliveries = _of(endpoint).order_by("-pk")[:SHOWN]
    row = _row(endpoint)
    return _page(request, "page", title=endpoint.name, row=row, deliveries=deliveries, public=_public(endpoint))


@never_cache
@require_POST
def do_view(request: HttpRequest, pk: int) -> HttpResponse:
    """One of the buttons of its page, by the name `do`."""
    endpoint, user, origin = _endpoint(request, pk), user_of(request), web_origin(request)
    match request.POST.get("do"):
        case "test":
            endpoints.test(endpoint)
            messages.success(request, _("The worker sends a test, behind what waits."))
        case "now":
            _of(endpoint).waiting().update(due_at=timezone.now())
            messages.success(request, _("What waits is tried now, one after another."))
        case "off" if endpoints.turn_off(endpoint, user, _("by hand"), origin):
            messages.success(request, _("It is off. What waited is given up and can be replayed."))
        case "on":
            endpoints.turn_on(endpoint, user, origin)
            messages.success(request, _("It is on, and told of what happens from now on."))
        case "rotate" if Form(endpoint.form).is_signed:
            endpoints.rotate(endpoint, user, origin)
            return _made(request, endpoint, _("“%s” has another secret") % endpoint)
        case "replay":
            _replay(request, endpoint)
        case _other:
            messages.warning(request, _("Nothing was done."))
    return _back(endpoint)


def _replay(request: HttpRequest, endpoint: Endpoint) -> None:
    text = request.POST.get("delivery", "")
    pk = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    delivery = _of(endpoint).exclude(state=DeliveryState.WAITING).filter(pk=pk).first()
    if delivery is None or endpoint.off_at is not None:
        messages.warning(request, _("Nothing was sent again: it waits already, or the webhook is off."))
        return
    endpoints.replay(delivery)
    messages.success(request, _("It is sent again, with the same id and a new signature."))


def _made(request: HttpRequest, endpoint: Endpoint, title: str) -> HttpResponse:
    """The one page that shows a secret; a private key is never shown, its public one always."""
    secret = endpoints.keys_of(endpoint)[0] if endpoint.form == Form.STANDARD_SECRET else ""
    return _page(request, "made", title=title, endpoint=endpoint, secret=secret, public=_public(endpoint))


def _public(endpoint: Endpoint) -> list[str]:
    try:
        return [public for key in endpoints.keys_of(endpoint) if (public := public_of(key))]
    except CannotDecrypt as error:
        return [str(error)]


def _row(endpoint: Endpoint) -> Row:
    try:
        host = urlsplit(endpoint.opened()["url"]).hostname or ""
    except CannotDecrypt as error:
        host = str(error)
    delivered = _of(endpoint).filter(state=DeliveryState.DELIVERED, seq__gt=0).order_by("-seq")
    return Row(endpoint, host, _of(endpoint).waiting().count(), delivered.values_list("seq", flat=True).first())


def _of(endpoint: Endpoint) -> DeliveryQuerySet:
    return Delivery.objects.filter(channel=endpoints.CHANNEL, target=str(endpoint.pk))


def _check(request: HttpRequest) -> None:
    if not endpoints.may_manage(user_of(request)):
        raise Lacks("manage_accounts", "view_all_history", but=NOTHING_CHANGED)


def _endpoint(request: HttpRequest, pk: int) -> Endpoint:
    _check(request)
    return get_object_or_404(Endpoint, pk=pk)


def _back(endpoint: Endpoint) -> HttpResponse:
    return HttpResponseRedirect(reverse("webhook", args=[endpoint.pk]))


def _page(request: HttpRequest, name: str, *, status: int = 200, **shown: Any) -> HttpResponse:
    context = {**admin.site.each_context(request), **shown}
    return TemplateResponse(request, f"admin/webhooks/{name}.html", context, status=status)
